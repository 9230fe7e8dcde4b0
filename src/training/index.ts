/** The algorithm: losses, optimiser, loop, checkpoints and strategies. */

export * from './checkpoint-store';
export * from './contexts';
export * from './cut-texts';
export * from './data-order';
export * from './latents';
export * from './losses/diffusion-loss';
export * from './losses/patch-discriminator';
export * from './losses/vae-loss';
export * from './optimiser/adamw';
export * from './optimiser/clip';
export * from './optimiser/ema';
export * from './optimiser/finite';
export * from './optimiser/learning-rate';
export * from './optimiser/optimisation';
export * from './step-log';
export * from './strategies';
export * from './train';
export * from './train-classifier';
export * from './train-diffusion';
export * from './train-mlm';
export * from './train-step';
export * from './train-vae';

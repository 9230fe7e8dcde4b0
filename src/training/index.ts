/** Losses, optimiser, the loop, and the training of autoencoder and diffusion model. */

export * from './adamw';
export * from './checkpoint-store';
export * from './clip';
export * from './data-order';
export * from './diffusion';
export * from './diffusion-loss';
export * from './ema';
export * from './estimate-memory';
export * from './event-file';
export * from './finite';
export * from './fit';
export * from './latents';
export * from './learning-rate';
export * from './losses';
export * from './optimisation';
export * from './patch-discriminator';
export * from './perceptual';
export * from './recipe';
export * from './run';
export * from './run-folder';
export * from './step-log';
export * from './strategies';
export * from './train';
export * from './train-step';
export * from './vae';
export * from './vae-loss';

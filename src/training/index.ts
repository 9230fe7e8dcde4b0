/** Losses, optimiser, the loop, and the training of autoencoder and diffusion model. */

export * from './adamw';
export * from './checkpoint';
export * from './clip';
export * from './contexts';
export * from './data-order';
export * from './diffusion';
export * from './ema';
export * from './fit';
export * from './kept-model';
export * from './latents';
export * from './learning-rate';
export * from './losses';
export * from './recipe';
export * from './step-log';
export * from './train';
export * from './vae';

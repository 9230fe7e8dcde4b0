/** Whole models and what they make: images from text, and from images. */

export * from './adapters';
export * from './attention-maps';
export * from './context';
export * from './denoise';
export * from './edit';
export * from './guidance';
export * from './image-file';
export * from './image-input';
export * from './image-to-image';
export * from './images';
export * from './inpaint';
export * from './latent-colours';
export * from './latents';
export * from './model';
export * from './model-card';
export * from './model-folder';
export * from './model-hash';
export * from './networks';
export * from './new-tokens';
export * from './reconstruct';
export { SAMPLING_DEFAULTS, type SamplingOptions, type SamplingProgress } from './sampling-options';
export * from './single-file';
export * from './swap-text-encoder';
export * from './text-projection';
export * from './text-to-image';

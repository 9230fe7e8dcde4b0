/** Whole models and what they make: pictures from text, and from pictures. */

export * from './context';
export * from './denoise';
export * from './edit';
export * from './guidance';
export * from './image-input';
export * from './image-to-image';
export * from './images';
export * from './inpaint';
export * from './latents';
export * from './lora';
export * from './model';
export * from './model-folder';
export * from './networks';
export * from './new-tokens';
export * from './reconstruct';
export type { SamplingOptions, SamplingProgress } from './sampling';
export * from './text-to-image';

/** UNet2DConditionModel: latents, time and context to predicted noise. */

export type { AttentionObserver } from './blocks';
export * from './config';
export * from './files';
export * from './parameters';
export { type UNetOptions, unet } from './unet';

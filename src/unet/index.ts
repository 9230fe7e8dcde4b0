/** UNet2DConditionModel: latents, time and context to predicted noise. */

export type { AttentionObserver } from './blocks';
export type { DownBlockType, UNetConfig, UpBlockType } from './config';
export type { BlockKeys, ContextKeys } from './context';
export { loadUNet, type UNetModel } from './files';
export { type DownBlockParams, initUNet, type MidBlockParams, type UNetParams, type UpBlockParams, unetShapes } from './parameters';
export { type UNetOptions, unet } from './unet';

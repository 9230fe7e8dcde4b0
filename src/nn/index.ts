/** Layers that several networks share. */

export * from './attention';
export * from './config';
export * from './layers';
export * from './lora';
export * from './parameters';
export * from './resample';
export * from './resnet';
export * from './sequence';
export * from './timestep';
export * from './transformer';

/** Image encoders: DenseNet (TorchXRayVision's too), ResNet, FID's Inception, EfficientNet-Lite, vision transformers; CLIP's tower is of `encoders`. */

export { type Blip2VisionConfig, type Blip2VisionParams, blip2Vision, initBlip2Vision } from './blip2-vision';
export { type ConvNet, type ConvNetOutput, type ConvNetParams, convNet, initConvNet } from './conv-net';
export { type DenseNetConfig, type DenseNetOutput, type DenseNetParams, densenet, initDenseNet } from './densenet';
export { type EfficientNetLiteOutput, type EfficientNetLiteParams, efficientNetLite } from './efficientnet-lite';
export { loadDenseNet, loadEfficientNetLite, loadInception, loadResNet, loadSiglipVision, loadVit, type VisionModel } from './files';
export type { ImageEncoderConfig } from './image-encoder';
export { type InceptionInput, type InceptionOutput, type InceptionParams, inception } from './inception';
export { type Interpolation, interpolate } from './interpolate';
export { initOpenClipVision, type OpenClipVisionConfig, type OpenClipVisionParams, openClipVision } from './open-clip';
export type { VisionOptions } from './options';
export { initResNet, type ResNetConfig, type ResNetOutput, type ResNetParams, resnet } from './resnet';
export { initSiglipVision, type SiglipVisionConfig, type SiglipVisionOutput, type SiglipVisionParams, siglipVision } from './siglip';
export { initVit, type VitConfig, type VitOutput, type VitParams, vit } from './vit';
export { calibrate, xrvConfig, xrvFindings, xrvNormalise } from './xrv';
export { xrvCentreCrop, xrvResize } from './xrv-resize';

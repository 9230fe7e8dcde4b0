/** What other rooms use of this one beside its public names. */

export { blip2VisionShapes, completeBlip2VisionConfig } from './blip2-vision';
export { convNetShapes } from './conv-net';
export { densenetShapes } from './densenet';
export { efficientNetLiteShapes } from './efficientnet-lite';
export { type EncodedImages, encodeImages, type ImageEncoderConfig, placesOf } from './image-encoder';
export { inceptionShapes } from './inception';
export { completeOpenClipVisionConfig, openClipVisionShapes } from './open-clip';
export { resnetShapes } from './resnet';
export { completeSiglipVisionConfig, siglipVisionShapes } from './siglip';
export { vitShapes } from './vit';

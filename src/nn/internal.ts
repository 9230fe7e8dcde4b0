/** What other rooms use of this one beside its public names. */

export { attentionLayer, attentionSpec } from './attention';
export { expectGroups, MOST_LAYERS, perBlock } from './config';
export { convSpec, embeddingSpec, layerNormLayer, linearSpec, normSpec } from './layers';
export { mergedWeight } from './lora';
export { initialise, specShapes } from './parameters';
export { downsample, resampleSpec, upsample } from './resample';
export { resnetBlock, resnetSpec } from './resnet';
export { sequence } from './sequence';
export { timestepEmbedding, timestepMlp, timestepMlpSpec } from './timestep';
export { contextKeys2d, transformer2d, transformer2dSpec } from './transformer';

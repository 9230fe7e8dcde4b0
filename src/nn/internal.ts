/** What other rooms use of this one beside its public names. */

export { type ActivationName, activationNames, activations } from './activations';
export { attentionLayer, attentionSpec, repeatHeads } from './attention';
export { batchNormLayer, batchNormSpec, plainBatchNormSpec, withBatchStatistics } from './batch-norm';
export { expectGroups, MOST_LAYERS, perBlock } from './config';
export { groupedConvLayer } from './grouped-conv';
export { convSpec, embeddingSpec, layerNormLayer, linearSpec, normSpec, rmsNormLayer, rmsNormSpec } from './layers';
export {
  causalLinearAttention,
  continueLinearAttention,
  emptyLinearAttention,
  type LinearAttentionState,
  linearAttention,
} from './linear-attention';
export { mergedWeight } from './lora';
export { initialise, specShapes } from './parameters';
export { averageAll, averageAround, averagePool, maxPool } from './pooling';
export { orthogonalFeatures, type RandomFeatures, randomFeatures } from './random-features';
export { downsample, resampleSpec, upsample } from './resample';
export { resnetBlock, resnetSpec } from './resnet';
export { sequence } from './sequence';
export { timestepEmbedding, timestepMlp, timestepMlpSpec } from './timestep';
export { contextKeys2d, transformer2d, transformer2dSpec } from './transformer';

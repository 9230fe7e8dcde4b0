/** Layers that several networks share. */

export type { ActivationName } from './activations';
export type { AttentionParams, KeysAndValues } from './attention';
export type { BatchNormParams, BatchStatistics, RunningStatistics } from './batch-norm';
export {
  type ConvParams,
  convLayer,
  type EmbeddingParams,
  groupNormLayer,
  type LinearParams,
  type NormParams,
  type RmsNormParams,
} from './layers';
export type { LinearAttentionState } from './linear-attention';
export { type AdaptedLinearParams, type LoraParams, linearLayer } from './lora';
export type { Initialiser, ParameterSpec, Spec } from './parameters';
export type { ResampleParams } from './resample';
export type { ResnetParams } from './resnet';
export type { TimestepMlpParams } from './timestep';
export type { FeedForwardParams, Transformer2DParams, TransformerBlockParams } from './transformer';

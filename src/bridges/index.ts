/** What leads from an image encoder to a language model: Q-Former, resamplers, projector. */

export {
  type LlavaConfig,
  type LlavaInputs,
  type LlavaOutput,
  type LlavaParams,
  llava,
  type ProjectorParams,
  project,
  spliceImages,
} from './llava';
export {
  initQFormer,
  type QFormerConfig,
  type QFormerLayerParams,
  type QFormerOutput,
  type QFormerParams,
  type QFormerText,
  qformer,
} from './qformer';
export {
  type FlamingoResamplerConfig,
  type FlamingoResamplerParams,
  flamingoResampler,
  initPerceiver,
  type PerceiverConfig,
  type PerceiverParams,
  perceiver,
} from './resampler';

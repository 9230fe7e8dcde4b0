/** The parameters of VQModel: dotted paths are the keys of diffusers' files. */

import type { Key } from '../engine';
import type { ConvParams, EmbeddingParams, Spec } from '../nn';
import { convSpec, initialise, specShapes } from '../nn/internal';
import type { DecoderParams, EncoderParams } from '../vae';
import { decoderSpec, encoderSpec } from '../vae/internal';
import { type CompleteVqConfig, completeVqConfig, type VqConfig } from './config';

export type VqParams = {
  encoder: EncoderParams;
  quant_conv: ConvParams;
  /** The codebook, [codes, channels]. */
  quantize: { embedding: EmbeddingParams };
  post_quant_conv: ConvParams;
  decoder: DecoderParams;
};

function vqSpec(c: CompleteVqConfig): Spec<VqParams> {
  const { latent_channels, vq_embed_dim, num_vq_embeddings: codes } = c;
  return {
    encoder: encoderSpec(c, latent_channels),
    quant_conv: convSpec(latent_channels, vq_embed_dim, 1),
    quantize: { embedding: { weight: { shape: [codes, vq_embed_dim], init: { kind: 'uniform', bound: 1 / codes } } } },
    post_quant_conv: convSpec(vq_embed_dim, latent_channels, 1),
    decoder: decoderSpec(c, latent_channels),
  };
}

/** Random weights, as PyTorch's layers start; codes uniform in ±1/codes, as taming-transformers has them. The caller disposes the tree. */
export function initVq(config: VqConfig, key: Key): VqParams {
  return initialise<VqParams>(vqSpec(completeVqConfig(config)), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function vqShapes(config: VqConfig): Record<string, number[]> {
  return specShapes(vqSpec(completeVqConfig(config)));
}

/** The vector-quantised autoencoder of taming-transformers (Esser et al. 2021, arXiv:2012.09841) as diffusers' VQModel: images to codes, codes to images. */

import type * as tf from '@tensorflow/tfjs-core';
import { embedding, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { convLayer } from '../nn';
import type { VaeOptions } from '../vae';
import { expectPixels, runDecoder, runEncoder } from '../vae/internal';
import { completeVqConfig, type VqConfig, vqFactor } from './config';
import type { VqParams } from './parameters';
import { nearestCodes } from './quantise';

/**
 * What the codebook is looked up with.
 *
 * @param image [B, H, W, in_channels], -1 to 1
 * @returns     [B, H/f, W/f, vq_embed_dim], f = 2^(levels - 1); the caller disposes it
 * @throws TypeError where the shape is wrong, RangeError where the config asks for another network
 */
export function vqLatents(config: VqConfig, { encoder, quant_conv }: VqParams, image: tf.Tensor4D, options: VaeOptions = {}): tf.Tensor4D {
  const c = completeVqConfig(config);
  const { H, W } = expectShape('vq: image', image, `B H W ${c.in_channels}`) as { H: number; W: number };
  expectPixels('vq', H, W, vqFactor(config));
  return scope(() => convLayer(quant_conv, runEncoder(encoder, image, c.norm_num_groups, options)));
}

/**
 * An image's codes.
 *
 * @param image [B, H, W, in_channels], -1 to 1
 * @returns     [B, H/f, W/f], int32; the caller disposes it
 */
export function encodeToCodes(config: VqConfig, params: VqParams, image: tf.Tensor4D): tf.Tensor3D {
  return scope(() => nearestCodes(params.quantize.embedding.weight, vqLatents(config, params, image)));
}

/**
 * The image of codes.
 *
 * @param codes [B, h, w], int32, each one of the codebook's
 * @returns     [B, h f, w f, out_channels], about -1 to 1, not clipped; the caller disposes it
 */
export function decodeCodes(config: VqConfig, params: VqParams, codes: tf.Tensor3D): tf.Tensor4D {
  return scope(() => decodeVectors(config, params, embedding(codes, params.quantize.embedding.weight) as tf.Tensor4D));
}

/** The image of codes' vectors, [B, h, w, vq_embed_dim]: `decodeCodes` after the lookup. The caller disposes it. */
export function decodeVectors(config: VqConfig, params: VqParams, vectors: tf.Tensor4D, options: VaeOptions = {}): tf.Tensor4D {
  return scope(() => convLayer(params.decoder.conv_out, vqDecoderStates(config, params, vectors, options), { padding: 1 }));
}

/** What the decoder's last layer makes the image from: `decodeVectors` without it. [B, h f, w f, block_out_channels[0]] */
export function vqDecoderStates(config: VqConfig, params: VqParams, vectors: tf.Tensor4D, options: VaeOptions = {}): tf.Tensor4D {
  const c = completeVqConfig(config);
  expectShape('vq: vectors', vectors, `B h w ${c.vq_embed_dim}`);
  const { post_quant_conv, decoder } = params;
  return scope(() => runDecoder(decoder, convLayer(post_quant_conv, vectors), c.norm_num_groups, options));
}

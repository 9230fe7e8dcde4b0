/**
 * The convolutional encoder and decoder of Stable Diffusion's autoencoder (Rombach et al. 2022, arXiv:2112.10752, appendix), without what lies between them:
 * the Gaussian's and the codebook's autoencoder have them in common.
 */

import * as tf from '@tensorflow/tfjs-core';
import { scope, type Tree } from '../engine';
import { checkpoint } from '../engine/internal';
import { convLayer, groupNormLayer, type ResnetParams } from '../nn';
import { attentionLayer, downsample, resnetBlock, sequence, upsample } from '../nn/internal';
import type { DecoderParams, EncoderParams, VaeAttentionParams, VaeMidBlockParams } from './parameters';

type Layer = (x: tf.Tensor4D) => tf.Tensor4D;

export interface VaeOptions {
  /** For training in little memory: inner results of the blocks are recomputed in the backward pass (`checkpoint`); gradients are the same. */
  readonly checkpointing?: boolean;
}

/** Fixed in diffusers' autoencoders. */
const EPS = 1e-6;

/** Every pixel attends to every other: group norm, one head, residual. */
function pixelAttention(params: VaeAttentionParams, x: tf.Tensor4D, groups: number): tf.Tensor4D {
  return scope(() => {
    const [batch, height, width, channels] = x.shape;
    const flat = tf.reshape(x, [batch, height * width, channels]) as tf.Tensor3D; // [B, N, C]
    const h = groupNormLayer(params.group_norm, flat, { groups, eps: EPS });
    return tf.reshape(tf.add(flat, attentionLayer(params, h, h, { heads: 1 })), [batch, height, width, channels]);
  });
}

/** A block of several ops as one layer, with gradient checkpointing if the options ask for it. */
function block<P extends Tree>(params: P, { checkpointing = false }: VaeOptions, fn: (params: P, x: tf.Tensor4D) => tf.Tensor4D): Layer {
  return (x) => (checkpointing ? checkpoint(fn, params, x) : fn(params, x));
}

function resnetLayer(resnet: ResnetParams, groups: number, options: VaeOptions): Layer {
  return block(resnet, options, (params, x) => resnetBlock(params, x, { groups, eps: EPS }));
}

function attentionLayerOf(attention: VaeAttentionParams, groups: number, options: VaeOptions): Layer {
  return block(attention, options, (params, x) => pixelAttention(params, x, groups));
}

/** The residual blocks of a level, each with its attention where the level has them. */
function levelLayers(
  { resnets, attentions }: { readonly resnets: readonly ResnetParams[]; readonly attentions?: readonly VaeAttentionParams[] },
  groups: number,
  options: VaeOptions,
): Layer[] {
  return resnets.flatMap((resnet, i) => [
    resnetLayer(resnet, groups, options),
    ...(attentions ? [attentionLayerOf(attentions[i]!, groups, options)] : []),
  ]);
}

function midLayers({ resnets, attentions }: VaeMidBlockParams, groups: number, options: VaeOptions): Layer[] {
  const layers = [resnetLayer(resnets[0], groups, options)];
  if (attentions) layers.push(attentionLayerOf(attentions[0], groups, options));
  layers.push(resnetLayer(resnets[1], groups, options));
  return layers;
}

/**
 * @param groups of the group norms
 * @param image  [B, H, W, in_channels]
 * @returns      [B, H/f, W/f, the channels of `conv_out`]; the caller disposes it
 */
export function runEncoder(encoder: EncoderParams, image: tf.Tensor4D, groups: number, options: VaeOptions): tf.Tensor4D {
  const layers: Layer[] = [(x) => convLayer(encoder.conv_in, x, { padding: 1 })];
  for (const { downsamplers, ...level } of encoder.down_blocks) {
    layers.push(...levelLayers(level, groups, options));
    if (downsamplers) layers.push((x) => downsample(downsamplers[0], x, [0, 1, 0, 1]));
  }
  layers.push(...midLayers(encoder.mid_block, groups, options));
  layers.push((x) => groupNormLayer(encoder.conv_norm_out, x, { groups, eps: EPS, silu: true }));
  layers.push((x) => convLayer(encoder.conv_out, x, { padding: 1 }));
  return scope(() => sequence(image, layers));
}

/**
 * What the decoder's last layer, `conv_out`, makes the image from.
 *
 * @param groups of the group norms
 * @param z      [B, h, w, C]
 * @returns      [B, h f, w f, block_out_channels[0]]; the caller disposes it
 */
export function runDecoder(decoder: DecoderParams, z: tf.Tensor4D, groups: number, options: VaeOptions): tf.Tensor4D {
  const layers: Layer[] = [(x) => convLayer(decoder.conv_in, x, { padding: 1 }), ...midLayers(decoder.mid_block, groups, options)];
  for (const { upsamplers, ...level } of decoder.up_blocks) {
    layers.push(...levelLayers(level, groups, options));
    if (upsamplers) layers.push((x) => upsample(upsamplers[0], x));
  }
  layers.push((x) => groupNormLayer(decoder.conv_norm_out, x, { groups, eps: EPS, silu: true }));
  return scope(() => sequence(z, layers));
}

/** Pixels of an image for one latent each way, and what an encoder refuses. */
export function expectPixels(where: string, H: number, W: number, f: number): void {
  if (H < f || W < f) throw new TypeError(`${where}: image: expected at least ${f} by ${f} pixels, got ${H} by ${W}`);
}

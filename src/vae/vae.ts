/** Stable Diffusion's autoencoder (Rombach et al. 2022, arXiv:2112.10752): images to a Gaussian over latents, and latents to images. */

import * as tf from '@tensorflow/tfjs-core';
import { scope, type Tree } from '../engine';
import { checkpoint, expectShape } from '../engine/internal';
import { convLayer, groupNormLayer, type ResnetParams } from '../nn';
import { attentionLayer, downsample, resnetBlock, sequence, upsample } from '../nn/internal';
import { completeVaeConfig, type VaeConfig, vaeFactor } from './config';
import type { VaeAttentionParams, VaeMidBlockParams, VaeParams } from './parameters';
import type { Posterior } from './posterior';

type Layer = (x: tf.Tensor4D) => tf.Tensor4D;

export interface VaeOptions {
  /** For training in little memory: inner results of the blocks are recomputed in the backward pass (`checkpoint`); gradients are the same. */
  readonly checkpointing?: boolean;
}

/** Fixed in diffusers' AutoencoderKL. */
const EPS = 1e-6;
/** Bounds on the log-variance, as in diffusers: a variance that overflows teaches nothing. */
const LOGVAR = [-30, 20] as const;

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

function midLayers({ resnets, attentions }: VaeMidBlockParams, groups: number, options: VaeOptions): Layer[] {
  const layers = [resnetLayer(resnets[0], groups, options)];
  if (attentions) layers.push(block(attentions[0], options, (params, x) => pixelAttention(params, x, groups)));
  layers.push(resnetLayer(resnets[1], groups, options));
  return layers;
}

/**
 * The distribution of an image's latents.
 *
 * @param config the JSON of the model folder
 * @param image  [B, H, W, in_channels], -1 to 1; H and W at least f = 2^(levels - 1), what a multiple of f leaves over is lost
 * @returns      mean and log-variance (within -30 to 20), each [B, H/f, W/f, latent_channels]; the caller disposes both
 * @throws TypeError where the shape is wrong, RangeError where the config asks for another network
 */
export function encode(config: VaeConfig, params: VaeParams, image: tf.Tensor4D, options: VaeOptions = {}): Posterior {
  const c = completeVaeConfig(config);
  const { H, W } = expectShape('vae: image', image, `B H W ${c.in_channels}`) as { H: number; W: number };
  const f = vaeFactor(config);
  if (H < f || W < f) throw new TypeError(`vae: image: expected at least ${f} by ${f} pixels, got ${H} by ${W}`);

  const { encoder, quant_conv } = params;
  const groups = c.norm_num_groups;
  const layers: Layer[] = [(x) => convLayer(encoder.conv_in, x, { padding: 1 })];
  for (const { resnets, downsamplers } of encoder.down_blocks) {
    for (const resnet of resnets) layers.push(resnetLayer(resnet, groups, options));
    if (downsamplers) layers.push((x) => downsample(downsamplers[0], x, [0, 1, 0, 1]));
  }
  layers.push(...midLayers(encoder.mid_block, groups, options));
  layers.push((x) => groupNormLayer(encoder.conv_norm_out, x, { groups, eps: EPS, silu: true }));
  layers.push((x) => convLayer(encoder.conv_out, x, { padding: 1 }));
  if (quant_conv) layers.push((x) => convLayer(quant_conv, x));

  return scope(() => {
    const [mean, logvar] = tf.split(sequence(image, layers), 2, 3) as [tf.Tensor4D, tf.Tensor4D];
    return { mean, logvar: tf.clipByValue(logvar, ...LOGVAR) };
  });
}

/**
 * The image of latents.
 *
 * @param z [B, h, w, latent_channels], in the autoencoder's own scale: the diffusion model's latents divided by `scaling_factor`
 * @returns [B, h f, w f, out_channels], about -1 to 1, not clipped; the caller disposes it
 * @throws TypeError where the shape is wrong, RangeError where the config asks for another network
 */
export function decode(config: VaeConfig, params: VaeParams, z: tf.Tensor4D, options: VaeOptions = {}): tf.Tensor4D {
  return scope(() => convLayer(params.decoder.conv_out, decoderStates(config, params, z, options), { padding: 1 }));
}

/** What the decoder's last layer, `conv_out`, makes the image from: `decode` without it. [B, h f, w f, block_out_channels[0]] */
export function decoderStates(config: VaeConfig, params: VaeParams, z: tf.Tensor4D, options: VaeOptions = {}): tf.Tensor4D {
  const c = completeVaeConfig(config);
  expectShape('vae: z', z, `B H W ${c.latent_channels}`);

  const { decoder, post_quant_conv } = params;
  const groups = c.norm_num_groups;
  const layers: Layer[] = post_quant_conv ? [(x) => convLayer(post_quant_conv, x)] : [];
  layers.push((x) => convLayer(decoder.conv_in, x, { padding: 1 }), ...midLayers(decoder.mid_block, groups, options));
  for (const { resnets, upsamplers } of decoder.up_blocks) {
    for (const resnet of resnets) layers.push(resnetLayer(resnet, groups, options));
    if (upsamplers) layers.push((x) => upsample(upsamplers[0], x));
  }
  layers.push((x) => groupNormLayer(decoder.conv_norm_out, x, { groups, eps: EPS, silu: true }));
  return scope(() => sequence(z, layers));
}

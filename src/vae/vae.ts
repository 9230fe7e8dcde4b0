/** Stable Diffusion's autoencoder (Rombach et al. 2022, arXiv:2112.10752): images to a Gaussian over latents, and latents to images. */

import * as tf from '@tensorflow/tfjs-core';
import { checkpoint, conv2d, expectShape, groupNorm, type Tree } from '../engine';
import { attentionLayer, type ConvParams, downsample, type NormParams, type ResnetParams, resnetBlock, sequence, upsample } from '../nn';
import { completeVaeConfig, type VaeConfig } from './config';
import type { VaeAttentionParams, VaeMidBlockParams, VaeParams } from './parameters';
import type { Posterior } from './posterior';

type Layer = (x: tf.Tensor4D) => tf.Tensor4D;

export interface VaeOptions {
  /** For training in little memory: inner results of the blocks are computed again on the way back (`checkpoint`); gradients are the same. */
  readonly checkpointing?: boolean;
}

/** A block of several layers, as one layer. */
type Block = <P extends Tree>(params: P, fn: (params: P, x: tf.Tensor4D) => tf.Tensor4D) => Layer;

const blocks =
  ({ checkpointing = false }: VaeOptions): Block =>
  (params, fn) =>
  (x) =>
    checkpointing ? checkpoint(fn, params, x) : fn(params, x);

/** Fixed in diffusers' AutoencoderKL. */
const EPS = 1e-6;
/** Bounds on the log-variance, as in diffusers: a variance that overflows teaches nothing. */
const LOGVAR = [-30, 20] as const;

const conv =
  ({ weight, bias }: ConvParams, padding: number): Layer =>
  (x) =>
    conv2d(x, weight, bias, { padding });

const normSilu =
  ({ weight, bias }: NormParams, groups: number): Layer =>
  (x) =>
    groupNorm(x, weight, bias, { groups, eps: EPS, silu: true });

/** Every pixel attends to every other: group norm, one head, residual. */
function pixelAttention(params: VaeAttentionParams, x: tf.Tensor4D, groups: number): tf.Tensor4D {
  return tf.tidy(() => {
    const [batch, height, width, channels] = x.shape;
    const flat = tf.reshape(x, [batch, height * width, channels]) as tf.Tensor3D; // [B, N, C]
    const h = groupNorm(flat, params.group_norm.weight, params.group_norm.bias, { groups, eps: EPS });
    return tf.reshape(tf.add(flat, attentionLayer(params, h, h, { heads: 1 })), [batch, height, width, channels]);
  });
}

const residual =
  (groups: number) =>
  (params: ResnetParams, x: tf.Tensor4D): tf.Tensor4D =>
    resnetBlock(params, x, { groups, eps: EPS });

function midLayers({ resnets, attentions }: VaeMidBlockParams, groups: number, block: Block): Layer[] {
  const layers: Layer[] = [block(resnets[0], residual(groups)), block(resnets[1], residual(groups))];
  if (attentions)
    layers.splice(
      1,
      0,
      block(attentions[0], (params, x) => pixelAttention(params, x, groups)),
    );
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
  const f = 2 ** (c.block_out_channels.length - 1);
  if (H < f || W < f) throw new TypeError(`vae: image: expected at least ${f} by ${f} pixels, got ${H} by ${W}`);

  const { encoder, quant_conv } = params;
  const groups = c.norm_num_groups;
  const block = blocks(options);
  const layers: Layer[] = [conv(encoder.conv_in, 1)];
  for (const { resnets, downsamplers } of encoder.down_blocks) {
    layers.push(...resnets.map((resnet) => block(resnet, residual(groups))));
    if (downsamplers) layers.push((x) => downsample(downsamplers[0], x, [0, 1, 0, 1]));
  }
  layers.push(...midLayers(encoder.mid_block, groups, block), normSilu(encoder.conv_norm_out, groups), conv(encoder.conv_out, 1));
  if (quant_conv) layers.push(conv(quant_conv, 0));

  return tf.tidy(() => {
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
  return tf.tidy(() => conv(params.decoder.conv_out, 1)(decoderStates(config, params, z, options)));
}

/** What the decoder's last layer, `conv_out`, makes the picture from: `decode` without it. [B, h f, w f, block_out_channels[0]] */
export function decoderStates(config: VaeConfig, params: VaeParams, z: tf.Tensor4D, options: VaeOptions = {}): tf.Tensor4D {
  const c = completeVaeConfig(config);
  expectShape('vae: z', z, `B H W ${c.latent_channels}`);

  const { decoder, post_quant_conv } = params;
  const groups = c.norm_num_groups;
  const block = blocks(options);
  const layers: Layer[] = post_quant_conv ? [conv(post_quant_conv, 0)] : [];
  layers.push(conv(decoder.conv_in, 1), ...midLayers(decoder.mid_block, groups, block));
  for (const { resnets, upsamplers } of decoder.up_blocks) {
    layers.push(...resnets.map((resnet) => block(resnet, residual(groups))));
    if (upsamplers) layers.push((x) => upsample(upsamplers[0], x));
  }
  layers.push(normSilu(decoder.conv_norm_out, groups));
  return tf.tidy(() => sequence(z, layers));
}

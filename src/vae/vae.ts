/** Stable Diffusion's autoencoder (Rombach et al. 2022, arXiv:2112.10752): images to a Gaussian over latents, and latents to images. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectShape } from '../engine/internal';
import { convLayer } from '../nn';
import { completeVaeConfig, type VaeConfig, vaeFactor } from './config';
import type { VaeParams } from './parameters';
import type { Posterior } from './posterior';
import { expectPixels, runDecoder, runEncoder, type VaeOptions } from './trunk';

/** Bounds on the log-variance, as in diffusers: a variance that overflows teaches nothing. */
const LOGVAR = [-30, 20] as const;

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
  expectPixels('vae', H, W, vaeFactor(config));
  const { encoder, quant_conv } = params;
  return scope(() => {
    const outputs = runEncoder(encoder, image, c.norm_num_groups, options);
    const [mean, logvar] = tf.split(quant_conv ? convLayer(quant_conv, outputs) : outputs, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
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
  return scope(() => runDecoder(decoder, post_quant_conv ? convLayer(post_quant_conv, z) : z, c.norm_num_groups, options));
}

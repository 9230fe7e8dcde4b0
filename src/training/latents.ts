/** From images to the latents that the diffusion model is trained on: normalised in the autoencoder itself, encoded once, kept in memory. */

import * as tf from '@tensorflow/tfjs-core';
import { flatten, interruptSignal, type Key, scope, unflatten } from '../engine';
import { normalArray, overRows, tellWait } from '../engine/internal';
import type { Model } from '../pipelines';
import { encodeSigned, latentFactor, toSigned } from '../pipelines/internal';
import type { VaeParams } from '../vae';
import { completeVaeConfig } from '../vae/internal';

/** The distributions of n images' latents, row-major. */
export interface LatentSet {
  readonly length: number;
  /** [h, w, C] of one image. */
  readonly shape: readonly [number, number, number];
  readonly mean: Float32Array;
  readonly std: Float32Array;
}

const BATCH = 32;

/**
 * Encodes images with the model's autoencoder.
 *
 * @param pixels n grey images one after another, each size × size, 0 to 1
 * @throws the signal's reason where it was raised
 */
export async function encodeLatents(
  model: Model,
  pixels: Float32Array,
  size: number,
  { signal = interruptSignal() }: { readonly signal?: AbortSignal } = {},
): Promise<LatentSet> {
  const side = size / latentFactor(model);
  const shape = [side, side, completeVaeConfig(model.vae.config).latent_channels] as const;
  const perImage = shape[0] * shape[1] * shape[2];
  const moments = (images: tf.Tensor): Record<'mean' | 'std', tf.Tensor> =>
    scope(() => {
      const { mean, logvar } = encodeSigned(model, toSigned(images as tf.Tensor4D));
      return { mean, std: tf.exp(tf.mul(logvar, 0.5)) };
    });
  const onProgress = (done: number, total: number): void => tellWait('encoding images', done, total);
  onProgress(0, pixels.length / size ** 2);
  const columns = [{ values: pixels, shape: [size, size, 1] }];
  const { mean, std } = await overRows(moments, columns, { mean: perImage, std: perImage }, { batch: BATCH, signal, onProgress });
  return { length: pixels.length / size ** 2, shape, mean, std };
}

/** Mean and standard deviation of each latent channel over a set. */
export function latentStatistics({ mean, std, shape: [, , channels] }: LatentSet): { mean: Float64Array; std: Float64Array } {
  const count = mean.length / channels;
  const centre = new Float64Array(channels);
  const spread = new Float64Array(channels);
  for (let i = 0; i < mean.length; i++) centre[i % channels]! += mean[i]! / count;
  for (let i = 0; i < mean.length; i++) spread[i % channels]! += ((mean[i]! - centre[i % channels]!) ** 2 + std[i]! ** 2) / count;
  return { mean: centre, std: spread.map(Math.sqrt) };
}

/**
 * An autoencoder whose latents have mean 0 and standard deviation 1 in each channel, and whose reconstructions are the same: the shift and
 * the scale go into the 1×1 convolutions on either side of the latents, so that the folder stays a plain Stable Diffusion one.
 *
 * @throws TypeError where the autoencoder lacks those convolutions
 * @returns new parameters; the caller disposes them
 */
export function foldStatistics(params: VaeParams, { mean, std }: { mean: Float64Array; std: Float64Array }): VaeParams {
  if (!params.quant_conv?.bias || !params.post_quant_conv?.bias)
    throw new TypeError(
      'foldStatistics: the autoencoder has no quant_conv and post_quant_conv; set use_quant_conv and use_post_quant_conv',
    );
  const { quant_conv, post_quant_conv } = params;
  return scope(() => {
    const [centre, spread] = [tf.tensor1d(Float32Array.from(mean)), tf.tensor1d(Float32Array.from(std))];
    const C = mean.length;
    const scales = tf.concat([tf.div(1, spread), tf.ones([C])]); // means are divided, log-variances shifted
    const shifts = tf.concat([tf.neg(tf.div(centre, spread)), tf.mul(-2, tf.log(spread))]);
    const flat = flatten(params);
    const replaced: Record<string, tf.Tensor> = Object.fromEntries(Object.entries(flat).map(([path, leaf]) => [path, tf.clone(leaf)]));
    replaced['quant_conv.weight'] = tf.mul(quant_conv.weight, scales); // [1, 1, in, 2 C], scaled by output channel
    replaced['quant_conv.bias'] = tf.add(tf.mul(quant_conv.bias!, scales), shifts);
    const kernel = tf.reshape(post_quant_conv.weight, [C, -1]); // [C, out]
    replaced['post_quant_conv.weight'] = tf.reshape(tf.mul(kernel, tf.reshape(spread, [C, 1])), post_quant_conv.weight.shape);
    replaced['post_quant_conv.bias'] = tf.add(post_quant_conv.bias!, tf.sum(tf.mul(kernel, tf.reshape(centre, [C, 1])), 0));
    return unflatten<VaeParams>(replaced);
  });
}

/** One sample of the latents of chosen images: mean + std · noise, as an array [B, h, w, C]. */
export function sampleLatents({ mean, std, shape }: LatentSet, indices: Int32Array, key: Key): Float32Array {
  const each = shape[0] * shape[1] * shape[2];
  const noise = normalArray(key, indices.length * each);
  indices.forEach((record, b) => {
    for (let i = 0; i < each; i++) {
      const from = record * each + i;
      const to = b * each + i;
      noise[to] = mean[from]! + std[from]! * noise[to]!;
    }
  });
  return noise;
}

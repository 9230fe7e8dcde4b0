/** From images to the latents that the diffusion model is trained on: normalised in the autoencoder itself, encoded once, kept in memory. */

import * as tf from '@tensorflow/tfjs-core';
import { compileStep, dispose, flatten, interruptSignal, type Key, normalArray, scope, unflatten } from '../engine';
import { completeVaeConfig, encode, type Posterior, type VaeConfig, type VaeParams, vaeFactor } from '../vae';

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
 * Encodes images.
 *
 * @param pixels n grey images one after another, each size × size, 0 to 1
 */
export async function encodeLatents(
  config: VaeConfig,
  params: VaeParams,
  pixels: Float32Array,
  size: number,
  options: { readonly signal?: AbortSignal } = {},
): Promise<LatentSet> {
  const area = size * size;
  const n = pixels.length / area;
  const factor = vaeFactor(config);
  const shape = [size / factor, size / factor, completeVaeConfig(config).latent_channels] as const;
  const each = shape[0] * shape[1] * shape[2];
  const mean = new Float32Array(n * each);
  const std = new Float32Array(n * each);
  const signal = options.signal ?? interruptSignal();
  const encoder = compileStep<VaeParams, [tf.Tensor4D], { mean: tf.Tensor4D; std: tf.Tensor4D }>(params, (weights, images) => ({
    out: scope(() => {
      const posterior: Posterior = encode(config, weights, tf.sub(tf.mul(images, 2), 1) as tf.Tensor4D);
      return { mean: posterior.mean, std: tf.exp(tf.mul(posterior.logvar, 0.5)) as tf.Tensor4D };
    }),
  }));
  try {
    for (let start = 0; start < n; start += BATCH) {
      signal?.throwIfAborted();
      const count = Math.min(BATCH, n - start);
      const padded = new Float32Array(BATCH * area); // one shape, one graph
      padded.set(pixels.subarray(start * area, (start + count) * area));
      const images = tf.tensor4d(padded, [BATCH, size, size, 1]);
      const out = encoder.run(images);
      mean.set(out.mean.dataSync().subarray(0, count * each), start * each);
      std.set(out.std.dataSync().subarray(0, count * each), start * each);
      dispose(images, out);
      await new Promise((next) => setImmediate(next));
    }
  } finally {
    encoder.dispose();
  }
  return { length: n, shape, mean, std };
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
export function sampleLatents({ mean, std, shape }: LatentSet, chosen: Int32Array, key: Key): Float32Array {
  const each = shape[0] * shape[1] * shape[2];
  const noise = normalArray(key, chosen.length * each);
  chosen.forEach((record, b) => {
    for (let i = 0; i < each; i++) {
      const from = record * each + i;
      const to = b * each + i;
      noise[to] = mean[from]! + std[from]! * noise[to]!;
    }
  });
  return noise;
}

/** From images to the latents that the diffusion model is trained on: normalised in the autoencoder itself, encoded once, kept in memory or on disk. */

import * as tf from '@tensorflow/tfjs-core';
import { flatten, interruptSignal, type Key, scope, unflatten } from '../engine';
import { computedHow, normalArray, overRows, tellWait } from '../engine/internal';
import { type Rows, rowsOf } from '../files';
import { keepRows, readRange } from '../files/internal';
import type { Model } from '../pipelines';
import { encodeSigned, latentFactor, toSigned } from '../pipelines/internal';
import type { VaeParams } from '../vae';
import { completeVaeConfig } from '../vae/internal';
import { contentHash } from './checkpoint-store';

/** The distributions of images' latents, a row for each image. */
export interface LatentSet {
  readonly length: number;
  /** [h, w, C] of one image. */
  readonly shape: readonly [number, number, number];
  readonly mean: Rows;
  readonly std: Rows;
}

export interface LatentOptions {
  readonly signal?: AbortSignal;
  /**
   * A folder in which latents are kept from run to run, by a hash of autoencoder and images; they then take no memory. Without it they are kept in memory
   * alone.
   */
  readonly folder?: string;
}

const BATCH = 32;

/** Part of what kept latents follow from: changes when the way from pixels to latents does. */
const VERSION = 1;

/** [h, w, C] of an image's latents. */
function latentShape(model: Model, size: number): readonly [number, number, number] {
  const side = size / latentFactor(model);
  return [side, side, completeVaeConfig(model.vae.config).latent_channels];
}

/** Mean and standard deviation of images' latents, [n, h, w, C] each. */
export type LatentMoments = Readonly<Record<'mean' | 'std', Float32Array>>;

/**
 * Encodes images with the model's autoencoder.
 *
 * @param pixels n grey images one after another, each size × size, 0 to 1
 * @throws the signal's reason where it was raised
 */
export async function encodeMoments(
  model: Model,
  pixels: Float32Array,
  size: number,
  { signal, onProgress }: { readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
): Promise<LatentMoments> {
  const perImage = tf.util.sizeFromShape([...latentShape(model, size)]);
  const moments = (images: tf.Tensor): Record<'mean' | 'std', tf.Tensor> =>
    scope(() => {
      const { mean, logvar } = encodeSigned(model, toSigned(images as tf.Tensor4D));
      return { mean, std: tf.exp(tf.mul(logvar, 0.5)) };
    });
  const columns = [{ values: pixels, shape: [size, size, 1] }];
  return overRows(moments, columns, { mean: perImage, std: perImage }, { batch: BATCH, signal, onProgress });
}

/**
 * The latents of all images, encoded now or in an earlier run (`LatentOptions.folder`).
 *
 * @param pixels grey images of size × size, 0 to 1
 * @throws the signal's reason where it was raised; FileError where the folder cannot be written
 */
export async function encodeLatents(model: Model, pixels: Rows, size: number, options: LatentOptions = {}): Promise<LatentSet> {
  const { folder, signal = interruptSignal() } = options;
  const { length } = pixels;
  const shape = latentShape(model, size);
  const tell = (done: number): void => tellWait('encoding images', done, length);
  tell(0);
  const make = async (from: number, to: number): Promise<LatentMoments> =>
    encodeMoments(model, await readRange(pixels, from, to), size, { signal, onProgress: (done) => tell(from + done) });
  if (folder === undefined) {
    const { mean, std } = await make(0, length);
    const width = tf.util.sizeFromShape([...shape]);
    return { length, shape, mean: rowsOf(mean, width), std: rowsOf(std, width) };
  }
  const vae = contentHash();
  vae.add(JSON.stringify(model.vae.config));
  vae.add(model.vae.params);
  const { columns } = await keepRows(
    folder,
    {
      source: { latents: VERSION, images: pixels.identity, size, autoencoder: vae.text(), computed: computedHow() },
      length,
      columns: { mean: { shape, dtype: 'F32' }, std: { shape, dtype: 'F32' } },
      make: async (from, to) => ({ values: await make(from, to) }),
    },
    { signal, onProgress: tell },
  );
  return { length, shape, ...columns };
}

/** Mean and standard deviation of each latent channel over images. */
export function latentStatistics({ mean, std }: LatentMoments, channels: number): { mean: Float64Array; std: Float64Array } {
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
export async function sampleLatents(latents: LatentSet, indices: Int32Array, key: Key): Promise<Float32Array> {
  const [mean, std] = await Promise.all([latents.mean.read(indices), latents.std.read(indices)]);
  const sample = normalArray(key, mean.length);
  for (let i = 0; i < sample.length; i++) sample[i] = mean[i]! + std[i]! * sample[i]!;
  return sample;
}

/** Latents from noise and from images, and images from latents. */

import * as tf from '@tensorflow/tfjs-core';
import { foldIn, type Key, scope } from '../engine';
import { expectShape, normalArray } from '../engine/internal';
import { type Posterior, samplePosterior } from '../vae';
import { completeVaeConfig, inSlices, inTiles, tilingOf } from '../vae/internal';
import { expectWeights, latentFactor, type Model } from './model';
import { runDecoder, runEncoder } from './networks';

/** Height and width, pixels. */
export type Size = readonly [height: number, width: number];

/**
 * The size of the images: one side for squares, by default the model's own.
 *
 * @throws RangeError where a side is not a whole number of latents
 */
export function imageSize(model: Model, size: number | Size | undefined): Size {
  const factor = latentFactor(model);
  const nativeSize = model.unet.config.sample_size ? model.unet.config.sample_size * factor : model.vae.config.sample_size;
  const [height, width] = typeof size === 'object' ? size : [size ?? nativeSize, size ?? nativeSize];
  for (const side of [height, width]) {
    if (side === undefined) throw new RangeError('size: the model names no sample_size; give the size of the pictures');
    if (!Number.isInteger(side) || side < factor || side % factor !== 0)
      throw new RangeError(`size: expected a multiple of ${factor} pixels, got ${side}`);
  }
  return [height!, width!];
}

/**
 * A source of noise for images that does not depend on which others share the batch: one key per image, folded with the number of the
 * draw.
 */
export function imageNoise(from: Key, indices: readonly number[], shape: readonly [number, number, number]): (draw: number) => tf.Tensor4D {
  const size = shape[0] * shape[1] * shape[2];
  return (draw) => {
    const values = new Float32Array(indices.length * size);
    indices.forEach((index, row) => {
      values.set(normalArray(foldIn(foldIn(from, index), draw), size), row * size);
    });
    return tf.tensor4d(values, [indices.length, ...shape]);
  };
}

/** How the autoencoder does with less memory. */
export interface VaeMemory {
  /** One image of a batch at a time; the numbers stay the same. */
  readonly vaeSlicing?: boolean;
  /**
   * Large images in tiles that overlap by a quarter and are blended, with this side in pixels; `true` is the autoencoder's `sample_size`. Images
   * no larger than a tile stay the same; in others, tones may differ a little from tile to tile, since no tile sees the whole.
   */
  readonly vaeTiling?: boolean | number;
}

/** A network of the autoencoder under `VaeMemory`; sides of a tile before and after it come from `sides`. */
function sparing(
  model: Model,
  x: tf.Tensor4D,
  { vaeSlicing = false, vaeTiling = false }: VaeMemory,
  sides: (latents: number, pixels: number) => readonly [number, number],
  run: (x: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  const tiled = vaeTiling === false ? run : (part: tf.Tensor4D) => inTiles(part, tilingOf(...sides(...tileSide(model, vaeTiling))), run);
  return vaeSlicing ? inSlices(x, tiled) : tiled(x);
}

/** @throws RangeError where a quarter of a tile is no whole number of latents */
function tileSide(model: Model, vaeTiling: true | number): [latents: number, pixels: number] {
  const factor = latentFactor(model);
  const side = vaeTiling === true ? completeVaeConfig(model.vae.config).sample_size : vaeTiling;
  if (!Number.isInteger(side) || side < 1 || side % (4 * factor) !== 0)
    throw new RangeError(`vaeTiling: expected a multiple of ${4 * factor} pixels, got ${side}`);
  return [side / factor, side];
}

/** The distribution of the unscaled latents of images from -1 to 1, with the memory that was chosen. */
export function encodeSigned(model: Model, images: tf.Tensor4D, memory: VaeMemory = {}): Posterior {
  return scope(() => {
    const moments = sparing(
      model,
      images,
      memory,
      (latents, pixels) => [pixels, latents],
      (part) => {
        const { mean, logvar } = runEncoder(model, part);
        return tf.concat([mean, logvar], 3);
      },
    );
    const [mean, logvar] = tf.split(moments, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
    return { mean, logvar };
  });
}

/**
 * Scaled latents of images.
 *
 * @param images [B, H, W, C], 0 to 1
 * @param noise  standard normal for a sample of the posterior, [B, h, w, C]; by default its mean
 * @returns      [B, h, w, C]; the caller disposes it
 */
export function encodeImages(model: Model, images: tf.Tensor4D, noise?: tf.Tensor4D, memory: VaeMemory = {}): tf.Tensor4D {
  expectWeights(model, 'encodeImages');
  const { in_channels: channels, scaling_factor: scale } = completeVaeConfig(model.vae.config);
  expectShape('encodeImages: images', images, `B H W ${channels}`);
  return scope(() => {
    const posterior = encodeSigned(model, toSigned(images), memory);
    return tf.mul(noise ? samplePosterior(posterior, noise) : posterior.mean, scale) as tf.Tensor4D;
  });
}

/** 0 to 1 as -1 to 1, what the autoencoder sees; the caller disposes it. */
export function toSigned(images: tf.Tensor4D): tf.Tensor4D {
  return scope(() => tf.sub(tf.mul(images, 2), 1));
}

/**
 * Images of scaled latents.
 *
 * @returns [B, H, W, C], cut to 0 to 1; the caller disposes it
 */
export function decodeLatents(model: Model, latents: tf.Tensor4D, memory: VaeMemory = {}): tf.Tensor4D {
  expectWeights(model, 'decodeLatents');
  const { scaling_factor: scale } = completeVaeConfig(model.vae.config);
  return scope(() => {
    const signed = sparing(
      model,
      tf.div(latents, scale),
      memory,
      (side, pixels) => [side, pixels],
      (part) => runDecoder(model, part),
    );
    return tf.clipByValue(tf.add(tf.mul(signed, 0.5), 0.5) as tf.Tensor4D, 0, 1);
  });
}

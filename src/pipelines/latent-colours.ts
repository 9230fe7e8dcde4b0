/** Cheap previews: an image's colours as a linear function of the latents' channels, fitted to the model's own autoencoder. */

import * as tf from '@tensorflow/tfjs-core';
import { Matrix, solve } from 'ml-matrix';
import { foldIn, key, scope } from '../engine';
import { expectShape, normalArray } from '../engine/internal';
import { completeVaeConfig } from '../vae/internal';
import { decodeLatents } from './latents';
import { latentFactor, type Model } from './model';

/** From scaled latents to colours, 0 to 1: [latent channels + 1][image channels], the last row for a constant 1. */
export type LatentColours = readonly (readonly number[])[];

/** Latents that are decoded for the fit, and their side. */
const SAMPLES = 4;
const SIDE = 16;
/** Smooth latents look like images, rough ones tell the channels apart. */
const ROUGH = 0.3;
/** Keeps the equations solvable where a channel has no effect; small beside the sum over all latents. */
const RIDGE = 1e-3;

const fitted = new WeakMap<object, LatentColours>();

/** Latents of about unit variance, mostly smooth: what a diffusion model's latents are like. [SAMPLES, SIDE, SIDE, C] */
function typicalLatents(channels: number): tf.Tensor4D {
  const draw = (number: number, side: number): tf.Tensor4D =>
    tf.tensor4d(normalArray(foldIn(key(0), number), SAMPLES * side * side * channels), [SAMPLES, side, side, channels]);
  return scope(() => {
    const smooth = [3, 6].map((side, i) => tf.image.resizeBilinear(draw(i, side), [SIDE, SIDE], true));
    return tf.add(tf.add(smooth[0]!, smooth[1]!), tf.mul(draw(2, SIDE), ROUGH));
  });
}

/**
 * The linear map that comes nearest, in least squares, to what the autoencoder's decoder makes of typical latents, each pixel's colour being the
 * mean of the pixels that a latent stands for. Computed once for a model's autoencoder, at the cost of decoding a small batch.
 *
 * @param own scaled latents to fit it to in place of typical ones, such as those of real images, [n, h, w, C]; borrowed
 */
export function fitLatentColours(model: Model, own?: tf.Tensor4D): LatentColours {
  const cached = own ? undefined : fitted.get(model.vae.params);
  if (cached) return cached;
  const { latent_channels: channels } = completeVaeConfig(model.vae.config);
  if (own) expectShape('fitLatentColours: own', own, `n h w ${channels}`);
  const factor = latentFactor(model);
  const [inputs, colours] = scope(() => {
    const latents = own ?? typicalLatents(channels);
    const decoded = tf.avgPool(decodeLatents(model, latents), factor, factor, 'valid');
    const withOne = tf.concat([latents, tf.ones([...latents.shape.slice(0, 3), 1])], 3);
    return [withOne, decoded].map((x) => tf.reshape(x, [-1, x.shape[3]!]).arraySync() as number[][]);
  }) as unknown as [number[][], number[][]];
  const [x, y] = [new Matrix(inputs), new Matrix(colours)];
  const normal = x
    .transpose()
    .mmul(x)
    .add(Matrix.eye(channels + 1).mul(RIDGE));
  const map = solve(normal, x.transpose().mmul(y)).to2DArray();
  if (!own) fitted.set(model.vae.params, map);
  return map;
}

/**
 * Colours of latents.
 *
 * @param latents scaled, [B, h, w, C]
 * @returns       [B, h, w, image channels], cut to 0 to 1; the caller disposes it
 */
export function colourLatents(map: LatentColours, latents: tf.Tensor4D): tf.Tensor4D {
  const { B, h, w } = expectShape('colourLatents: latents', latents, `B h w ${map.length - 1}`) as { B: number; h: number; w: number };
  return scope(() => {
    const rows = tf.reshape(latents, [B * h * w, map.length - 1]);
    const [weights, constant] = [tf.tensor2d(map.slice(0, -1) as number[][]), tf.tensor1d(map.at(-1) as number[])];
    return tf.clipByValue(tf.reshape(tf.add(tf.matMul(rows, weights), constant), [B, h, w, -1]) as tf.Tensor4D, 0, 1);
  });
}

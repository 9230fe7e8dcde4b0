/** Pooling of feature maps. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';

export interface PoolOptions {
  /** Side of the square window. */
  readonly size: number;
  /** Step in both directions. */
  readonly stride: number;
  /** Rows and columns added at every border; 0 where left out. */
  readonly padding?: number;
}

/** Below every activation, and finite, so that no sum of it is not a number. */
const LOWEST = -3e38;

/** The largest value of each window; borders never win. [B, H, W, C]; the caller disposes the result. */
export function maxPool(x: tf.Tensor4D, { size, stride, padding = 0 }: PoolOptions): tf.Tensor4D {
  return scope(() => tf.maxPool(padded(x, padding, LOWEST), size, stride, 'valid'));
}

/** The mean of each window, borders counted as zeros. [B, H, W, C]; the caller disposes the result. */
export function averagePool(x: tf.Tensor4D, { size, stride, padding = 0 }: PoolOptions): tf.Tensor4D {
  return scope(() => tf.avgPool(padded(x, padding, 0), size, stride, 'valid'));
}

/** The mean of those values of the window around each place that are in the map: [B, H, W, C] to the same shape; the caller disposes the result. */
export function averageAround(x: tf.Tensor4D, size: number): tf.Tensor4D {
  return tf.avgPool(x, size, 1, 'same'); // TensorFlow divides by what is inside
}

/** Means over the map, [B, H, W, C] to [B, C]; the caller disposes the result. */
export function averageAll(x: tf.Tensor4D): tf.Tensor2D {
  return tf.mean(x, [1, 2]);
}

function padded(x: tf.Tensor4D, padding: number, value: number): tf.Tensor4D {
  const both: [number, number] = [padding, padding];
  return padding === 0 ? x : tf.pad(x, [[0, 0], both, both, [0, 0]], value);
}

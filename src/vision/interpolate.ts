/** Feature maps and images at another size, as PyTorch and TensorFlow 1.x count positions. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';

/**
 * `bilinear` and `bicubic` (Keys 1981 with a = -0.75) take the pixels' centres, as PyTorch's `interpolate` without aligned corners and without
 * antialiasing; `bilinear-corner` is TensorFlow 1.x's rule: source = target · in / out, counted from the corner.
 */
export type Interpolation = 'bilinear' | 'bilinear-corner' | 'bicubic';

/** Weights of the taps around a position, the fraction behind the pixel below it given; the first tap is at `first`. */
function taps(rule: Interpolation, fraction: number): { first: number; weights: number[] } {
  if (rule !== 'bicubic') return { first: 0, weights: [1 - fraction, fraction] };
  const a = -0.75;
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return { first: -1, weights: [far(1 + fraction), near(fraction), near(1 - fraction), far(2 - fraction)] };
}

/** The matrix [to, from] of one axis; what is outside has the value of the border. */
function axisMatrix(rule: Interpolation, from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const centre = rule === 'bilinear-corner' ? (i * from) / to : ((i + 0.5) * from) / to - 0.5;
    const position = rule === 'bilinear' ? Math.max(0, centre) : centre;
    const below = Math.floor(position);
    const { first, weights } = taps(rule, position - below);
    weights.forEach((weight, k) => {
      matrix[i * from + Math.min(from - 1, Math.max(0, below + first + k))]! += weight;
    });
  }
  return matrix;
}

/**
 * @param x    [B, H, W, C]
 * @param size height and width of the result
 * @returns    [B, height, width, C]; the caller disposes it
 */
export function interpolate(x: tf.Tensor4D, [height, width]: readonly [number, number], rule: Interpolation): tf.Tensor4D {
  const [batch, h, w, channels] = x.shape;
  return scope(() => {
    const rows = tf.tensor3d(axisMatrix(rule, h, height), [1, height, h]);
    const columns = tf.tensor3d(axisMatrix(rule, w, width), [1, width, w]);
    const tall = tf.matMul(rows, tf.reshape(x, [batch, h, w * channels])); // [B, height, W · C]
    return tf.reshape(tf.matMul(columns, tf.reshape(tall, [batch * height, w, channels])), [batch, height, width, channels]);
  });
}

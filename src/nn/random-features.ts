/** Random features whose products stand for a kernel (Choromanski et al. 2021, arXiv:2009.14794): what linear attention makes of queries and keys. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope, split } from '../engine';
import { detach, expectShape, normalArray } from '../engine/internal';

/**
 * The kernel that features stand for, and how they are made of x, scaled by d^(-1/4), and a projection w:
 *
 * - `relu`: max(0, w x) + 1e-3, which is no estimate of anything and trains well (their section 4.3); ViewXGen's.
 * - `softmax`: exp(w x - |x|²/2 - max) + 1e-4, an estimate of softmax attention whose largest exponent is taken away: over the features of each query,
 *   over features and positions of a head's keys. A key's features depend on all keys, so that causal attention by them sees, faintly, what is to come,
 *   and no state of decoding equals it.
 * - `positive`: exp(w x - |x|²/2), their lemma 1 as it is: the same estimate, without a bound.
 */
export type RandomFeatures = 'relu' | 'softmax' | 'positive';

const RELU_FLOOR = 1e-3;
const SOFTMAX_FLOOR = 1e-4;

/**
 * Projections with orthogonal rows in blocks of d, each as long as a row of independent normal numbers (or √d where `regular`).
 *
 * @param features rows
 * @param dim      d, size of a head
 * @returns [features, d]; the caller disposes it
 */
export function orthogonalFeatures(
  features: number,
  dim: number,
  key: Key,
  { regular = false }: { readonly regular?: boolean } = {},
): tf.Tensor2D {
  const [directions, lengths] = split(key) as [Key, Key];
  const blocks = Math.ceil(features / dim);
  const rows = orthonormalBlocks(normalArray(directions, blocks * dim * dim), dim).subarray(0, features * dim);
  const drawn = normalArray(lengths, features * dim);
  for (let i = 0; i < features; i++) {
    const row = rows.subarray(i * dim, (i + 1) * dim);
    const length = regular ? Math.sqrt(dim) : Math.hypot(...drawn.subarray(i * dim, (i + 1) * dim));
    row.forEach((value, j) => {
      row[j] = value * length;
    });
  }
  return tf.tensor2d(Float32Array.from(rows), [features, dim]);
}

/** Gram and Schmidt's, twice over each row: its rounding is then that of the numbers. */
function orthonormalBlocks(values: Float32Array, dim: number): Float64Array {
  const rows = Float64Array.from(values);
  const row = (i: number): Float64Array => rows.subarray(i * dim, (i + 1) * dim);
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, j) => sum + value * b[j]!, 0);
  for (let i = 0; i < rows.length / dim; i++) {
    const current = row(i);
    const block = i - (i % dim);
    for (let pass = 0; pass < 2; pass++)
      for (let before = block; before < i; before++) {
        const other = row(before);
        const along = dot(current, other);
        current.forEach((value, j) => {
          current[j] = value - along * other[j]!;
        });
      }
    const length = Math.sqrt(dot(current, current));
    current.forEach((value, j) => {
      current[j] = value / length;
    });
  }
  return rows;
}

/**
 * @param x          queries or keys, [B, heads, L, d]
 * @param projection [m, d]
 * @param side       whose they are, which `softmax` asks
 * @returns          [B, heads, L, m], positive; the caller disposes it
 */
export function randomFeatures(kind: RandomFeatures, x: tf.Tensor4D, projection: tf.Tensor2D, side: 'query' | 'key'): tf.Tensor4D {
  const [m, d] = projection.shape;
  const { B, heads, L } = expectShape('randomFeatures: x', x, `B heads L ${d}`) as { B: number; heads: number; L: number };
  return scope(() => {
    const scaled = tf.mul(x, d ** -0.25) as tf.Tensor4D;
    const products = tf.reshape(tf.matMul(tf.reshape(scaled, [-1, d]), projection, false, true), [B, heads, L, m]) as tf.Tensor4D;
    if (kind === 'relu') return tf.add(tf.relu(products), RELU_FLOOR);
    const half = tf.mul(tf.sum(tf.square(scaled), 3, true), 0.5);
    if (kind === 'positive') return tf.mul(tf.exp(tf.sub(products, half)), m ** -0.5);
    const largest = tf.max(detach(products), side === 'query' ? [3] : [2, 3], true);
    return tf.mul(tf.add(tf.exp(tf.sub(tf.sub(products, half), largest)), SOFTMAX_FLOOR), m ** -0.5);
  });
}

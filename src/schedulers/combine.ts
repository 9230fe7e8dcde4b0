/** Linear combinations: what every sampler's step comes down to. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';

/**
 * Σ c_i · x_i. Terms with c = 0 are left out, so that 0 · x costs nothing and hides no infinity.
 *
 * @param terms pairs of a number and a tensor, all of one shape; at least one
 * @returns     one owned tensor of that shape
 */
export function linear(...terms: readonly (readonly [number, tf.Tensor])[]): tf.Tensor {
  return scope(() => {
    const parts = terms.filter(([c]) => c !== 0).map(([c, x]) => (c === 1 ? x : tf.mul(x, c)));
    if (parts.length === 0) return tf.zerosLike(terms[0]![1]);
    return parts.length === 1 ? tf.clone(parts[0]!) : parts.reduce((sum, part) => tf.add(sum, part));
  });
}

/**
 * Per-row coefficients times a batch: row i of `x` times `coefficients[i]`.
 *
 * @param x [B, ...]
 */
export function scaleRows(x: tf.Tensor, coefficients: readonly number[]): tf.Tensor {
  return scope(() => tf.mul(x, tf.tensor(Float32Array.from(coefficients), [coefficients.length, ...x.shape.slice(1).map(() => 1)])));
}

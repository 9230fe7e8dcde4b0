/** Texts of a batch as tokens. */

import * as tf from '@tensorflow/tfjs-core';

/**
 * Tokens of the texts of a batch.
 *
 * @param values [texts × L], row-major
 * @param chosen the batch's texts
 * @returns      int32 [chosen.length, L]; the caller disposes it
 */
export function tokenRows(values: Int32Array, chosen: Int32Array, L: number): tf.Tensor2D {
  const out = new Int32Array(chosen.length * L);
  chosen.forEach((row, b) => {
    out.set(values.subarray(row * L, (row + 1) * L), b * L);
  });
  return tf.tensor2d(out, [chosen.length, L], 'int32');
}

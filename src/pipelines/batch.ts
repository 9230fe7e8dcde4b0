/** Rows of batches. */

import * as tf from '@tensorflow/tfjs-core';

/** All rows one after another; owned by the caller also where there is one tensor. */
export function concatRows<T extends tf.Tensor>(tensors: readonly T[]): T {
  return (tensors.length === 1 ? tf.clone(tensors[0]!) : tf.concat([...tensors], 0)) as T;
}

/** One row n times; owned by the caller. */
export function repeatRow<T extends tf.Tensor>(row: T, n: number): T {
  return (n === 1 ? tf.clone(row) : tf.tile(row, [n, ...row.shape.slice(1).map(() => 1)])) as T;
}

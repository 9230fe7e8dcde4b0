/** Which tokens see which, as numbers for attention scores. */

import * as tf from '@tensorflow/tfjs-core';
import { MASKED_SCORE } from '../encoders/internal';

export interface CausalMask {
  /** 1 for tokens, 0 for padding, at each place that is used so far. */
  readonly mask: readonly (readonly number[])[];
  /** The place of the first query, and how many follow. */
  readonly from: number;
  readonly length: number;
  /** Places in all; those used where left out. */
  readonly capacity?: number;
  /** A token sees itself and so many before it, less one. */
  readonly window?: number;
}

/**
 * A token sees itself and the tokens before it, no padding; padding, which sees nothing, is masked as a whole.
 *
 * @returns [B, 1, length, capacity]; the caller disposes it
 */
export function causalScores({
  mask,
  from,
  length,
  capacity = mask[0]!.length,
  window = Number.POSITIVE_INFINITY,
}: CausalMask): tf.Tensor4D {
  const values = new Float32Array(mask.length * length * capacity);
  mask.forEach((row, b) => {
    for (let i = 0; i < length; i++)
      for (let j = 0; j < capacity; j++) {
        const query = from + i;
        const sees = j <= query && query - j < window && row[j] === 1;
        values[(b * length + i) * capacity + j] = sees ? 0 : MASKED_SCORE;
      }
  });
  return tf.tensor4d(values, [mask.length, 1, length, capacity]);
}

/** Places from `from` on for `length` tokens, 1 at [place, token]; the caller disposes it. */
export function placesFrom(from: number, length: number, capacity: number): tf.Tensor2D {
  const values = new Float32Array(capacity * length);
  for (let i = 0; i < length; i++) values[(from + i) * length + i] = 1;
  return tf.tensor2d(values, [capacity, length]);
}

/** Positions that count tokens alone: those of padding are 0. */
export function tokenPositions(mask: readonly (readonly number[])[]): number[][] {
  return mask.map((row) => {
    let count = 0;
    return row.map((one) => {
      count += one;
      return Math.max(0, count - 1);
    });
  });
}

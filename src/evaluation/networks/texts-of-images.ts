/** What trainings on images with texts share. */

import * as tf from '@tensorflow/tfjs-core';
import type { Key } from '../../engine';
import type { Rows } from '../../files';
import type { Tokenizer } from '../../tokenizers';
import type { Optimisation, StepLog } from '../../training';

export interface TrainOnTextsOptions<C> {
  readonly config: C;
  readonly tokenizer: Tokenizer;
  /** Grey values 0 to 1, size × size a row; one for each text. */
  readonly pixels: Rows;
  readonly texts: readonly string[];
  readonly optimisation: Optimisation;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onStep?: (log: StepLog) => void;
}

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

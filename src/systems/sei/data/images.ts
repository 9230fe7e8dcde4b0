/** Batches of images of one shape. */

import * as tf from '@tensorflow/tfjs-core';
import type { Rows } from '../../../files';
import { readRange } from '../../../files/internal';

/** Studies that a network reads at a time. */
export const STUDIES_AT_ONCE = 32;

/** Images [from, to) and black ones behind them, [STUDIES_AT_ONCE, size, size, 1]; the caller disposes them. */
export async function imageBatch(pixels: Rows, from: number, to: number, size: number): Promise<tf.Tensor4D> {
  const values = new Float32Array(STUDIES_AT_ONCE * size * size);
  values.set(await readRange(pixels, from, to));
  return tf.tensor4d(values, [STUDIES_AT_ONCE, size, size, 1]);
}

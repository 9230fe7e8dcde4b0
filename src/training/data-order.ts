/** Which records a step sees: a new order each epoch, from the key and the step alone, so that a resumed run goes on as if it had not stopped. */

import { foldIn, type Key } from '../engine';
import { permutation } from '../engine/internal';

/** Gives the batch of any step. */
export type DataOrder = (step: number) => Int32Array;

/**
 * Batches without replacement within an epoch; a batch may reach over the epoch's end into the next one.
 *
 * @param length    records
 * @param batchSize records a step
 */
export function dataOrder(key: Key, length: number, batchSize: number): DataOrder {
  if (length < 1) throw new RangeError('dataOrder: no records to train on');
  const epochs = new Map<number, Int32Array>();
  const epoch = (n: number): Int32Array => {
    let order = epochs.get(n);
    if (!order) {
      order = permutation(foldIn(key, n), length);
      if (epochs.size > 3) epochs.clear();
      epochs.set(n, order);
    }
    return order;
  };
  return (step) =>
    Int32Array.from({ length: batchSize }, (_, i) => {
      const at = step * batchSize + i;
      return epoch(Math.floor(at / length))[at % length]!;
    });
}

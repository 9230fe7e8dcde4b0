/** Which dialogues a step sees: those of a batch are about as long, so that little of it is padding. From the key and the step alone. */

import { foldIn, type Key } from '../../engine';
import { permutation } from '../../engine/internal';
import { dataOrder } from '../../training/internal';

/** Batches that are drawn together and then sorted by length: neighbours in length are drawn anew in each epoch. */
const TOGETHER = 16;

/**
 * Batches without replacement within an epoch, whose order is drawn too; what is no whole batch at an epoch's end is left out of that epoch.
 *
 * @param lengths tokens of each dialogue
 */
export function batchOrder(key: Key, lengths: readonly number[], batchSize: number): (step: number) => Int32Array {
  const batches = Math.floor(lengths.length / batchSize);
  if (batches === 0) return dataOrder(key, lengths.length, batchSize);
  let known: { readonly epoch: number; readonly rows: readonly Int32Array[] } | undefined;
  const epoch = (number: number): readonly Int32Array[] => {
    if (known?.epoch !== number) known = { epoch: number, rows: batchesOf(foldIn(key, number), lengths, batchSize, batches) };
    return known.rows;
  };
  return (step) => epoch(Math.floor(step / batches))[step % batches]!;
}

function batchesOf(key: Key, lengths: readonly number[], size: number, count: number): Int32Array[] {
  const order = permutation(foldIn(key, 0), lengths.length);
  const sorted: Int32Array[] = [];
  for (let from = 0; from < count * size; from += TOGETHER * size) {
    const some = Array.from(order.subarray(from, Math.min(from + TOGETHER * size, count * size))).sort(
      (a, b) => lengths[a]! - lengths[b]! || a - b,
    );
    for (let at = 0; at < some.length; at += size) sorted.push(Int32Array.from(some.slice(at, at + size)));
  }
  return Array.from(permutation(foldIn(key, 1), count), (i) => sorted[i]!);
}

/** Rows are as long as a multiple of it: one graph is recorded for each. */
const GRANULARITY = 32;

/** Tokens of a batch's rows: the longest dialogue's, rounded up, but not beyond `most`. */
export const rowLength = (lengths: readonly number[], most: number): number =>
  Math.min(most, Math.ceil(Math.max(...lengths) / GRANULARITY) * GRANULARITY);

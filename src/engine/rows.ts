/** Running a network over many rows (texts, images), a batch at a time. */

import * as tf from '@tensorflow/tfjs-core';
import { nextTurn } from './interrupt';

/** An input of n rows, one after another. */
export interface RowColumn {
  readonly values: Float32Array | Int32Array;
  /** Of one row. */
  readonly shape: readonly number[];
  /** What fills the last batch; those rows are computed and not read. Default 0. */
  readonly padding?: number;
}

export interface RowOptions {
  /** Rows computed at a time: one shape, one graph. */
  readonly batch: number;
  /** Ends the work before the next batch. */
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A network on one batch, [batch, …] for each column; its results, [batch, …], are freed by the loop. */
export type RowNetwork<K extends string> = (...inputs: tf.Tensor[]) => Record<K, tf.Tensor>;

/** How many values per row each result has; results not named here are not read. */
export type RowSizes<K extends string> = Readonly<Record<K, number>>;

/** The values of each result, row after row. */
export type RowResults<K extends string> = Record<K, Float32Array>;

/** One batch at each turn; the results are complete at the end. */
function* batches<K extends string>(
  network: RowNetwork<K>,
  columns: readonly RowColumn[],
  sizes: RowSizes<K>,
  { batch, signal, onProgress }: RowOptions,
): Generator<void, RowResults<K>> {
  const [first] = columns;
  const rows = first ? first.values.length / tf.util.sizeFromShape([...first.shape]) : 0;
  const names = Object.keys(sizes) as K[];
  const results = Object.fromEntries(names.map((name) => [name, new Float32Array(rows * sizes[name])])) as RowResults<K>;
  for (let start = 0; start < rows; start += batch) {
    signal?.throwIfAborted();
    const count = Math.min(batch, rows - start);
    const inputs = columns.map(({ values, shape, padding = 0 }) => {
      const size = tf.util.sizeFromShape([...shape]);
      const integers = values instanceof Int32Array;
      const padded = (integers ? new Int32Array(batch * size) : new Float32Array(batch * size)).fill(padding, count * size);
      padded.set(values.subarray(start * size, (start + count) * size));
      return tf.tensor(padded, [batch, ...shape], integers ? 'int32' : 'float32');
    });
    try {
      const computed = network(...inputs);
      for (const name of names) results[name].set(computed[name].dataSync().subarray(0, count * sizes[name]), start * sizes[name]);
      tf.dispose(computed);
    } finally {
      tf.dispose(inputs);
    }
    onProgress?.(start + count, rows);
    yield;
  }
  return results;
}

/**
 * Runs a network over all rows of its inputs. The event loop has its turn after each batch, so that interrupts and displays get through.
 *
 * @throws the signal's reason where it was raised
 */
export async function overRows<K extends string>(
  network: RowNetwork<K>,
  columns: readonly RowColumn[],
  sizes: RowSizes<K>,
  options: RowOptions,
): Promise<RowResults<K>> {
  const work = batches(network, columns, sizes, options);
  for (let turn = work.next(); ; turn = work.next()) {
    if (turn.done) return turn.value;
    await nextTurn();
  }
}

/** The same at once, for work of moments. */
export function overRowsSync<K extends string>(
  network: RowNetwork<K>,
  columns: readonly RowColumn[],
  sizes: RowSizes<K>,
  options: Pick<RowOptions, 'batch'>,
): RowResults<K> {
  const work = batches(network, columns, sizes, options);
  for (let turn = work.next(); ; turn = work.next()) if (turn.done) return turn.value;
}

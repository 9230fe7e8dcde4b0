/** Each image's nearest neighbour among many, which are read by blocks. */

import type { Rows } from '../../files';
import { readRange } from '../../files/internal';
import type { Features } from '../../metrics';
import { eachProducts, squaredLengths } from '../../metrics/internal';

export interface Nearest {
  /** Euclidean. */
  readonly distances: Float64Array;
  /** Row of the neighbour. */
  readonly rows: Int32Array;
}

export interface NearestOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Rows of the many that are held at a time. */
const BLOCK = 2048;

/**
 * The nearest of `among` to each row of `of`; memory does not grow with how many they are.
 *
 * @throws RangeError where widths differ or there is nothing to be near to; the signal's reason where it was raised
 */
export async function nearestRows(of: Features, among: Rows, { signal, onProgress }: NearestOptions = {}): Promise<Nearest> {
  if (of.columns !== among.width) throw new RangeError(`nearestRows: rows are ${of.columns} and ${among.width} wide`);
  if (among.length === 0) throw new RangeError('nearestRows: expected rows to be near to, got none');
  const squared = new Float64Array(of.rows).fill(Number.POSITIVE_INFINITY);
  const rows = new Int32Array(of.rows);
  const own = squaredLengths(of);
  for (let start = 0; start < among.length; start += BLOCK) {
    signal?.throwIfAborted();
    const end = Math.min(among.length, start + BLOCK);
    const block: Features = { values: await readRange(among, start, end), rows: end - start, columns: among.width };
    const lengths = squaredLengths(block);
    eachProducts(of, block, (from, products) => {
      for (let at = 0, i = from; at < products.length; i++)
        for (let j = 0; j < block.rows; j++, at++) {
          const distance = own[i]! + lengths[j]! - 2 * products[at]!;
          if (distance < squared[i]!) {
            squared[i] = distance;
            rows[i] = start + j;
          }
        }
    });
    onProgress?.(end, among.length);
  }
  return { distances: squared.map((value) => Math.sqrt(Math.max(0, value))), rows };
}

/** Rows of float32 values, all of one length: images, latents or contexts, in memory or on disk, of which a training reads a batch at a time. */

import { createHash } from 'node:crypto';

export interface Rows {
  readonly length: number;
  /** Values of a row. */
  readonly width: number;
  /** Two sets of rows with the same identity hold the same values. */
  readonly identity: string;
  /**
   * The chosen rows one after another, [chosen.length * width], as a new array.
   *
   * @throws RangeError where a row is not there; FileError where it cannot be read
   */
  read(chosen: ArrayLike<number>): Promise<Float32Array>;
}

/** An array of rows, which is not copied. @throws RangeError where it is no whole number of rows */
export function rowsOf(values: Float32Array, width: number): Rows {
  const length = values.length / width;
  if (!Number.isInteger(length)) throw new RangeError(`rowsOf: expected rows of ${width} values, got ${values.length} values`);
  let hash: string | undefined;
  return {
    length,
    width,
    get identity() {
      hash ??= createHash('sha256')
        .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
        .digest('hex');
      return hash;
    },
    async read(chosen) {
      checkRows(chosen, length);
      const out = new Float32Array(chosen.length * width);
      for (let i = 0; i < chosen.length; i++) out.set(values.subarray(chosen[i]! * width, (chosen[i]! + 1) * width), i * width);
      return out;
    },
  };
}

/** All rows from `from` to `to` (exclusive). */
export function readRange(rows: Rows, from: number, to: number): Promise<Float32Array> {
  return rows.read(Int32Array.from({ length: to - from }, (_, i) => from + i));
}

/** Some of the rows, in the given order. */
export const chosenRows = ({ width, identity, read }: Rows, chosen: readonly number[]): Rows => ({
  width,
  length: chosen.length,
  identity: `${identity}: ${chosen.join()}`,
  read: (rows) => read(Array.from(rows, (row) => chosen[row]!)),
});

/** @throws RangeError where a row is not there */
export function checkRows(chosen: ArrayLike<number>, length: number): void {
  for (let i = 0; i < chosen.length; i++)
    if (!Number.isInteger(chosen[i]) || chosen[i]! < 0 || chosen[i]! >= length)
      throw new RangeError(`row ${chosen[i]}: expected an integer from 0 to ${length - 1}`);
}

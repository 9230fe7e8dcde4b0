/** Inner products of all rows of one set of features with all rows of another, in float64: what kernels and distances between images are made of. */

import { hasFloat64, inFloat64 } from '../engine/internal';
import type { Features } from './frechet';

/** Products that are held at a time. */
const MOST = 2 ** 22;

/**
 * Computes them by blocks of rows of the first set, by matrix products in TensorFlow where it runs.
 *
 * @param visit gets the first row of a block and its products, [rows of the block, b.rows] row-major
 * @throws RangeError where the widths differ
 */
export function eachProducts(a: Features, b: Features, visit: (from: number, products: Float64Array) => void): void {
  if (a.columns !== b.columns) throw new RangeError(`eachProducts: features are ${a.columns} and ${b.columns} wide`);
  const multiply = hasFloat64() ? products : plainProducts;
  const rows = Math.max(1, Math.floor(MOST / Math.max(1, b.rows)));
  for (let from = 0; from < a.rows; from += rows) visit(from, multiply(rowsOf(a, from, Math.min(a.rows, from + rows)), b));
}

/** Rows `from` to `to` (exclusive), not copied. */
function rowsOf({ values, columns }: Features, from: number, to: number): Features {
  return { values: values.subarray(from * columns, to * columns), rows: to - from, columns };
}

function products(a: Features, b: Features): Float64Array {
  return inFloat64((x) => {
    const [first, second] = [a, b].map(({ values, rows, columns }) => x.from(values, [rows, columns]));
    return x.values(x.product(first!, second!, 'second'));
  });
}

/** The same without TensorFlow. */
export function plainProducts(a: Features, b: Features): Float64Array {
  const out = new Float64Array(a.rows * b.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.rows; j++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += a.values[i * a.columns + k]! * b.values[j * b.columns + k]!;
      out[i * b.rows + j] = sum;
    }
  return out;
}

/** The squared length of each row. */
export function squaredLengths({ values, rows, columns }: Features): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += values[i * columns + k]! ** 2;
    return sum;
  });
}

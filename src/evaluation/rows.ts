/** Rows of features, chosen. */

import type { Features } from '../metrics';

/** The features of some images, in the order asked for. */
export function chosenRows({ values, columns }: Features, rows: ArrayLike<number>): Features {
  const out = new Float32Array(rows.length * columns);
  for (let i = 0; i < rows.length; i++) out.set(values.subarray(rows[i]! * columns, (rows[i]! + 1) * columns), i * columns);
  return { values: out, rows: rows.length, columns };
}

/** Rows of images and of their features. */

import type { Features } from '../metrics';

/** The features of some images, in the order asked for. */
export function chosenRows({ values, columns }: Features, rows: ArrayLike<number>): Features {
  const out = new Float32Array(rows.length * columns);
  for (let i = 0; i < rows.length; i++) out.set(values.subarray(rows[i]! * columns, (rows[i]! + 1) * columns), i * columns);
  return { values: out, rows: rows.length, columns };
}

/** Rows that have a name in common, such as a patient's, in the order in which names first come. */
export function rowsByName(names: readonly string[]): Map<string, number[]> {
  const rows = new Map<string, number[]>();
  names.forEach((name, i) => {
    const own = rows.get(name);
    if (own) own.push(i);
    else rows.set(name, [i]);
  });
  return rows;
}

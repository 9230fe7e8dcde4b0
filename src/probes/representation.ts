/** Representations as plain numbers. */

/** A row for each case, row-major. */
export interface Representation {
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
}

/** @throws RangeError where the values are not as many as rows and columns say */
export function expectWhole(where: string, { values, rows, columns }: Representation): void {
  if (values.length !== rows * columns)
    throw new RangeError(`${where}: expected ${rows} × ${columns} = ${rows * columns} values, got ${values.length}`);
}

/** @throws RangeError where two are not of as many rows */
export function expectSameRows(where: string, a: Representation, b: Representation): void {
  expectWhole(where, a);
  expectWhole(where, b);
  if (a.rows !== b.rows) throw new RangeError(`${where}: ${a.rows} and ${b.rows} rows; a row of both must be the same case`);
}

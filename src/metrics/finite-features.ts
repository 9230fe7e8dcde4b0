/** What distances between sets of features ask of both. */

interface Rows {
  readonly values: Float32Array;
  readonly columns: number;
}

/** @throws RangeError where a feature of one of both sets is no number */
export function expectFiniteFeatures(where: string, a: Rows, b: Rows): void {
  for (const [{ values, columns }, what] of [
    [a, 'the first set'],
    [b, 'the second set'],
  ] as const) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new RangeError(`${where}: ${what}: row ${Math.floor(bad / columns)} holds ${values[bad]}`);
  }
}

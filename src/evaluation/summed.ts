/** Measures that follow from sums over cases, so that drawing cases anew adds numbers and computes nothing again. */

import { type BootstrapOptions, bootstrap, type Estimate } from './estimate';

/** Such as BLEU, of counts of n-grams; or a mean, of values. */
export interface SummedMeasure {
  readonly name: string;
  /** Numbers of each case. */
  readonly rows: readonly (readonly number[])[];
  /** Of the sums of these numbers over some cases, and how many these are. */
  value(sums: Float64Array, cases: number): number;
}

/** The mean of a number of each case. */
export const meanOf = (name: string, values: ArrayLike<number>): SummedMeasure => ({
  name,
  rows: Array.from(values, (value) => [value]),
  value: ([sum], cases) => sum! / cases,
});

/** The measure with its bootstrap interval over cases; measures of the same cases with the same key draw the same ones. */
export function estimateOf({ rows, value }: SummedMeasure, options: BootstrapOptions): Estimate {
  const width = rows[0]?.length ?? 0;
  const flat = Float64Array.from(rows.flat());
  const sums = new Float64Array(width);
  return bootstrap(
    rows.length,
    (drawn) => {
      sums.fill(0);
      for (const row of drawn) for (let k = 0; k < width; k++) sums[k]! += flat[row * width + k]!;
      return value(sums, drawn.length);
    },
    options,
  );
}

/** A measure of two ways to treat the same cases, compared. */

import { foldIn, type Key, uniformArray } from '../engine';
import { type BootstrapOptions, bootstrap, type Estimate } from './estimate';
import type { SummedMeasure } from './summed';

export interface PairedDifference {
  /** The first's value less the second's, with its bootstrap interval over cases. */
  readonly difference: Estimate;
  /** Two-sided: how often a difference as large comes of cases whose two sides are exchanged at random (Noreen 1989, chapter 2). */
  readonly p: number;
}

/**
 * @param first  a measure of some cases
 * @param second the same measure of the same cases, in the same order
 * @throws RangeError where the numbers of cases differ
 */
export function pairedDifference(first: SummedMeasure, second: SummedMeasure, options: BootstrapOptions): PairedDifference {
  const { key, draws = 1000 } = options;
  const cases = first.rows.length;
  if (second.rows.length !== cases)
    throw new RangeError(`pairedDifference: ${first.name}: expected as many cases on both sides, got ${cases} and ${second.rows.length}`);
  const width = first.rows[0]?.length ?? 0;
  /** Of cases by their numbers; `swapped` says of each place whether its sides are exchanged. */
  const differenceOf = (rows: ArrayLike<number>, swapped?: ArrayLike<boolean>): number => {
    const [a, b] = [new Float64Array(width), new Float64Array(width)];
    for (let i = 0; i < rows.length; i++) {
      const [one, other] = [first.rows[rows[i]!]!, second.rows[rows[i]!]!];
      const [left, right] = swapped?.[i] ? [other, one] : [one, other];
      for (let k = 0; k < width; k++) {
        a[k]! += left[k]!;
        b[k]! += right[k]!;
      }
    }
    return first.value(a, rows.length) - second.value(b, rows.length);
  };
  const difference = bootstrap(cases, differenceOf, { key: foldIn(key, 0), draws });
  return { difference, p: exchanged(cases, differenceOf, Math.abs(difference.value), foldIn(key, 1), draws) };
}

function exchanged(
  cases: number,
  differenceOf: (rows: ArrayLike<number>, swapped: ArrayLike<boolean>) => number,
  observed: number,
  key: Key,
  draws: number,
): number {
  const all = Int32Array.from({ length: cases }, (_, i) => i);
  let asLarge = 0;
  for (let draw = 0; draw < draws; draw++) {
    const swapped = Array.from(uniformArray(foldIn(key, draw), cases), (value) => value < 0.5);
    if (Math.abs(differenceOf(all, swapped)) >= observed - 1e-12) asLarge++;
  }
  return (asLarge + 1) / (draws + 1);
}

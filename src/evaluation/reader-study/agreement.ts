/** How far readers agree on the items that all of them have rated. */

import type { Key } from '../../engine';
import { cohenKappa, intraclassCorrelations, multiRaterKappa } from '../../metrics';
import { bootstrap, type Estimate } from '../estimate';

export interface ReaderAgreement {
  readonly readers: number;
  /** Items that all have rated. */
  readonly items: number;
  /** Fraction of items and pairs of readers with the same score. */
  readonly same: Estimate;
  /** Cohen's, weighted by the square of the distance; the mean over pairs of readers. Null where scores do not differ. */
  readonly kappa: Estimate | null;
  /** Fleiss', of the five answers as names. Null where scores do not differ. */
  readonly fleiss: Estimate | null;
  /** ICC(2,1): absolute agreement of single readers, with McGraw and Wong's interval. Null where scores do not differ. */
  readonly icc: Estimate | null;
}

/** Below so many items there is nothing to say. */
export const AGREEMENT_ITEMS = 5;

/** @param scores a row for each item, a column for each reader, -2 to 2; at least 2 readers and AGREEMENT_ITEMS items */
export function readerAgreement(scores: readonly (readonly number[])[], key: Key): ReaderAgreement {
  const readers = scores[0]!.length;
  const pairs = Array.from({ length: readers }, (_, a) =>
    Array.from({ length: readers - a - 1 }, (_, i) => [a, a + i + 1] as const),
  ).flat();
  const estimate = (statistic: (rows: readonly (readonly number[])[]) => number): Estimate | null => {
    const value = bootstrap(scores.length, (rows) => statistic(Array.from(rows, (row) => scores[row]!)), { key });
    return Number.isFinite(value.value) ? value : null;
  };
  const meanOverPairs = (rows: readonly (readonly number[])[], of: (a: number[], b: number[]) => number): number =>
    pairs.reduce(
      (sum, [a, b]) =>
        sum +
        of(
          rows.map((row) => row[a]!),
          rows.map((row) => row[b]!),
        ),
      0,
    ) / pairs.length;
  const { agreement } = intraclassCorrelations(scores);
  return {
    readers,
    items: scores.length,
    same: estimate((rows) => meanOverPairs(rows, (a, b) => a.filter((score, i) => score === b[i]).length / a.length))!,
    kappa: estimate((rows) => meanOverPairs(rows, (a, b) => cohenKappa(a, b, 'quadratic'))),
    fleiss: estimate((rows) =>
      multiRaterKappa(
        rows.map((row) => [-2, -1, 0, 1, 2].map((score) => row.filter((given) => given === score).length)),
        'fleiss',
      ),
    ),
    icc: Number.isFinite(agreement.value) ? { value: agreement.value, low: agreement.interval[0], high: agreement.interval[1] } : null,
  };
}

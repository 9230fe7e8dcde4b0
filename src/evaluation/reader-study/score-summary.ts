/** Scores of -2 to 2 in a few numbers. */

import type { Key } from '../../engine';
import { wilcoxon } from '../../metrics';
import { bootstrapMean, type Estimate, shareOf } from '../estimate';

export interface ScoreSummary {
  readonly items: number;
  readonly mean: Estimate;
  /** Fraction of the items with a score above 0. */
  readonly above: Estimate;
  readonly zero: Estimate;
  readonly below: Estimate;
  /** Wilcoxon's test against 0, two-sided; null with fewer than WILCOXON_ITEMS scores other than 0. */
  readonly p: number | null;
}

/** Below so many scores the normal approximation of Wilcoxon's test is not one. */
export const WILCOXON_ITEMS = 8;

/** @param values of items, one each */
export function scoreSummary(values: readonly number[], key: Key): ScoreSummary {
  const n = values.length;
  const share = (holds: (value: number) => boolean): Estimate => shareOf(values.filter(holds).length, n);
  const tested = values.filter((value) => value !== 0).length >= WILCOXON_ITEMS;
  return {
    items: n,
    mean: bootstrapMean(values, { key }),
    above: share((value) => value > 0),
    zero: share((value) => value === 0),
    below: share((value) => value < 0),
    p: tested ? wilcoxon(values, new Float64Array(n), { method: 'approx', correction: true }).p : null,
  };
}

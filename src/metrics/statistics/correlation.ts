/** Correlations of paired numbers. */

import { covariance, midranks, tieCounts, variance } from './moments';

/** Pearson's r. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return covariance(x, y) / Math.sqrt(variance(x) * variance(y));
}

/** Spearman's ρ: Pearson's of ranks, ties at their mean. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return pearson(midranks(x), midranks(y));
}

/** Kendall's τ-b (1945), which takes ties into account. */
export function kendall(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let agreement = 0;
  for (let i = 1; i < x.length; i++) for (let j = 0; j < i; j++) agreement += Math.sign(x[i]! - x[j]!) * Math.sign(y[i]! - y[j]!);
  const pairs = (n: number): number => (n * (n - 1)) / 2;
  const untied = (values: ArrayLike<number>): number =>
    pairs(values.length) - tieCounts(values).reduce((sum, count) => sum + pairs(count), 0);
  return agreement / Math.sqrt(untied(x) * untied(y));
}

/** Tests of two systems, or two raters, on the same cases. */

import { mean, midranks, tieCounts, variance } from './moments';
import { coinCdf, normalTail, studentTwoSided } from './special';

export interface TestResult {
  readonly statistic: number;
  readonly p: number;
}

const differencesOf = (a: ArrayLike<number>, b: ArrayLike<number>): number[] => Array.from(a, (value, i) => value - b[i]!);

/** Student's paired t-test, two-sided. */
export function pairedT(a: ArrayLike<number>, b: ArrayLike<number>): TestResult {
  const differences = differencesOf(a, b);
  const n = differences.length;
  const statistic = mean(differences) / Math.sqrt(variance(differences) / n);
  return { statistic, p: studentTwoSided(statistic, n - 1) };
}

export interface WilcoxonOptions {
  /** The normal approximation, or the exact distribution, which is for differences without zeros and ties. */
  readonly method: 'approx' | 'exact';
  /** Differences of 0: left out; ranked and then left out (Pratt 1959); or ranked and divided between both signs. `wilcox` where left out. */
  readonly zeros?: 'wilcox' | 'pratt' | 'zsplit';
  /** Half a rank towards the middle. */
  readonly correction?: boolean;
  readonly alternative?: 'two-sided' | 'greater' | 'less';
}

/**
 * Wilcoxon's signed-rank test (1945).
 *
 * @returns the smaller sum of ranks of a sign, or with an alternative to one side that of the positive differences
 */
export function wilcoxon(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { method, zeros = 'wilcox', correction = false, alternative = 'two-sided' }: WilcoxonOptions,
): TestResult {
  const all = differencesOf(a, b);
  const differences = zeros === 'wilcox' ? all.filter((value) => value !== 0) : all;
  const n = differences.length;
  const ranks = midranks(differences.map(Math.abs));
  const sumOf = (holds: (value: number) => boolean): number =>
    ranks.reduce((sum, rank, i) => (holds(differences[i]!) ? sum + rank : sum), 0);
  const split = zeros === 'zsplit' ? sumOf((value) => value === 0) / 2 : 0;
  const [positive, negative] = [sumOf((value) => value > 0) + split, sumOf((value) => value < 0) + split];
  const statistic = alternative === 'two-sided' ? Math.min(positive, negative) : positive;
  if (method === 'exact') return { statistic, p: exactP(n, positive, negative, alternative) };
  const dropped = zeros === 'pratt' ? differences.filter((value) => value === 0).length : 0;
  const counted = zeros === 'pratt' ? ranks.filter((_, i) => differences[i] !== 0) : ranks;
  const centre = (n * (n + 1) - dropped * (dropped + 1)) / 4;
  const cubes = (count: number): number => count * (count + 1) * (2 * count + 1);
  const ties = tieCounts(counted).reduce((sum, count) => sum + count * (count ** 2 - 1), 0);
  const deviation = Math.sqrt((cubes(n) - cubes(dropped) - ties / 2) / 24);
  const towards = { 'two-sided': Math.sign(positive - centre), greater: 1, less: -1 }[alternative];
  const z = (positive - centre - (correction ? 0.5 * towards : 0)) / deviation;
  return { statistic, p: alternative === 'two-sided' ? 2 * normalTail(Math.abs(z)) : normalTail(alternative === 'greater' ? z : -z) };
}

/** From how many of the 2^n ways to give ranks 1 … n signs make each sum. */
function exactP(n: number, positive: number, negative: number, alternative: 'two-sided' | 'greater' | 'less'): number {
  const most = (n * (n + 1)) / 2;
  let ways = new Float64Array(most + 1);
  ways[0] = 1;
  for (let rank = 1; rank <= n; rank++) ways = ways.map((count, sum) => (count + (sum >= rank ? ways[sum - rank]! : 0)) / 2);
  const atLeast = (sum: number): number => ways.reduce((total, share, i) => (i >= sum ? total + share : total), 0);
  if (alternative === 'greater') return atLeast(positive);
  if (alternative === 'less') return atLeast(negative);
  return Math.min(1, 2 * atLeast(Math.max(positive, negative)));
}

/** McNemar's test (1947) of a table [[both, only the first], [only the second, neither]]: exact, or by χ² with or without Yates' correction. */
export function mcNemar(
  [[, first], [second]]: readonly (readonly [number, number])[] & readonly [readonly [number, number], readonly [number, number]],
  method: 'exact' | 'chi2' | 'chi2-corrected',
): TestResult {
  const [least, both] = [Math.min(first, second), first + second];
  if (method === 'exact') return { statistic: least, p: Math.min(1, 2 * coinCdf(least, both)) };
  const difference = Math.abs(first - second) - (method === 'chi2-corrected' ? 1 : 0);
  const statistic = difference ** 2 / both;
  return { statistic, p: 2 * normalTail(Math.sqrt(statistic)) }; // χ² of one degree of freedom is a squared normal
}

/** Numbers with the interval that belongs to them. */

import { foldIn, type Key, randomInts } from '../engine';
import { percentileInterval } from '../metrics';

/** A number, and what it could as well have been. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Of all intervals. */
export const LEVEL = 0.95;
const NORMAL = 1.959964; // the normal quantile of 0.975

export interface BootstrapOptions {
  readonly key: Key;
  /** Default 1000. */
  readonly draws?: number;
}

/**
 * The statistic of all cases, with the interval that holds 95% of what it is of cases drawn with replacement (Efron and Tibshirani 1993, section 13.3).
 *
 * @param cases     how many there are
 * @param statistic of some cases, by their numbers; draws of which it is not finite (as where one class is missing) are left out
 */
export function bootstrap(cases: number, statistic: (rows: Int32Array) => number, { key, draws = 1000 }: BootstrapOptions): Estimate {
  const value = statistic(Int32Array.from({ length: cases }, (_, i) => i));
  const [low, high] = percentileInterval(drawn(cases, statistic, key, draws), LEVEL);
  return { value, low, high };
}

/**
 * The same for several statistics of the same draws, such as one for each label and their mean.
 *
 * @param statistics of some cases, by their numbers: as many values at every call; those that are not finite are left out
 */
export function bootstrapAll(cases: number, statistics: (rows: Int32Array) => readonly number[], options: BootstrapOptions): Estimate[] {
  const { key, draws = 1000 } = options;
  const values = statistics(Int32Array.from({ length: cases }, (_, i) => i));
  const all = Array.from({ length: draws }, (_, draw) => statistics(randomInts(foldIn(key, draw), cases, 0, cases)));
  return values.map((value, k) => {
    const [low, high] = percentileInterval(Float64Array.from(all, (each) => each[k]!).filter(Number.isFinite), LEVEL);
    return { value, low, high };
  });
}

/**
 * The same for a statistic that grows where cases repeat, such as a Fréchet distance: 1.96 standard deviations of the draws on both sides of the value.
 *
 * @param options.least what the statistic cannot be below; default 0
 */
export function bootstrapError(
  cases: number,
  statistic: (rows: Int32Array) => number,
  { key, draws = 100, least = 0 }: BootstrapOptions & { readonly least?: number },
): Estimate {
  const value = statistic(Int32Array.from({ length: cases }, (_, i) => i));
  const values = drawn(cases, statistic, key, draws);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, values.length - 1));
  return { value, low: Math.max(least, value - NORMAL * deviation), high: value + NORMAL * deviation };
}

function drawn(cases: number, statistic: (rows: Int32Array) => number, key: Key, draws: number): Float64Array {
  return Float64Array.from({ length: draws }, (_, draw) => statistic(randomInts(foldIn(key, draw), cases, 0, cases))).filter(
    Number.isFinite,
  );
}

/** Student's t for 95% on both sides, by degrees of freedom from 1. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** The mean over repetitions with different seeds, with Student's interval; of one alone there is none. */
export function overSeeds(values: readonly number[]): Estimate {
  const n = values.length;
  const value = values.reduce((a, b) => a + b, 0) / n;
  if (n < 2) return { value, low: Number.NaN, high: Number.NaN };
  const deviation = Math.sqrt(values.reduce((sum, each) => sum + (each - value) ** 2, 0) / (n - 1));
  const reach = ((STUDENT[n - 2] ?? NORMAL) * deviation) / Math.sqrt(n);
  return { value, low: value - reach, high: value + reach };
}

/** A share of cases with Wilson's interval (1927), which stays within 0 and 1. */
export function shareOf(hits: number, cases: number): Estimate {
  const p = hits / cases;
  const z2 = NORMAL ** 2 / cases;
  const centre = (p + z2 / 2) / (1 + z2);
  const reach = (NORMAL / (1 + z2)) * Math.sqrt((p * (1 - p)) / cases + z2 / (4 * cases));
  return { value: p, low: hits === 0 ? 0 : Math.max(0, centre - reach), high: hits === cases ? 1 : Math.min(1, centre + reach) };
}

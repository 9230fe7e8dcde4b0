/** Numbers with the interval that belongs to them. */

import { foldIn, type Key, randomInts } from '../engine';
import { nextTurn } from '../engine/internal';
import { percentileInterval } from '../metrics';

/** A number, and what it could as well have been. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** `0.953 (0.920 to 0.970)`, for sentences; `unit` stands behind the number. */
export const textOf = ({ value, low, high }: Estimate, digits: number, unit = ''): string =>
  `${value.toFixed(digits)}${unit} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;

/** Of all intervals. */
export const LEVEL = 0.95;
const NORMAL = 1.959964; // the normal quantile of 0.975

export interface BootstrapOptions {
  readonly key: Key;
  /** Default 1000. */
  readonly draws?: number;
}

/** The same, where the number is told beside the intervals. */
export type Draws = Required<BootstrapOptions>;

/**
 * The statistic of all cases, with the interval that holds 95% of what it is of cases drawn with replacement (Efron and Tibshirani 1993, section 13.3).
 *
 * @param cases     how many there are
 * @param statistic of some cases, by their numbers; draws of which it is not finite (as where one class is missing) are left out
 */
export function bootstrap(cases: number, statistic: (rows: Int32Array) => number, { key, draws = 1000 }: BootstrapOptions): Estimate {
  return percentiles(statistic(allRows(cases)), drawn(cases, statistic, key, draws));
}

/** The mean of values of cases, with its bootstrap interval. */
export const bootstrapMean = (values: ArrayLike<number>, options: BootstrapOptions): Estimate =>
  bootstrap(values.length, meanOver(values), options);

/**
 * The same for several statistics of the same draws, such as one for each label and their mean.
 *
 * @param statistics of some cases, by their numbers: as many values at every call; those that are not finite are left out
 */
export function bootstrapAll(cases: number, statistics: (rows: Int32Array) => readonly number[], options: BootstrapOptions): Estimate[] {
  const { key, draws = 1000 } = options;
  const values = statistics(allRows(cases));
  const all = Array.from({ length: draws }, (_, draw) => statistics(randomInts(foldIn(key, draw), cases, 0, cases)));
  return values.map((value, k) =>
    percentiles(
      value,
      Float64Array.from(all, (each) => each[k]!),
    ),
  );
}

/** The same for a statistic of two sets, such as of images and real ones: each is drawn anew by itself. */
export function bootstrapOfBoth(
  sizes: readonly [number, number],
  statistic: (first: Int32Array, second: Int32Array) => number,
  { key, draws = 1000 }: BootstrapOptions,
): Estimate {
  const values = Float64Array.from({ length: draws }, (_, draw) => statistic(...drawnOfBoth(sizes, key, draw)));
  return percentiles(statistic(allRows(sizes[0]), allRows(sizes[1])), values);
}

export interface BootstrapErrorOptions extends BootstrapOptions {
  /** Default 100. */
  readonly draws?: number;
  /** What the statistic cannot be below; default 0. */
  readonly least?: number;
}

/** The same for a statistic that grows where cases repeat, such as a Fréchet distance: 1.96 standard deviations of the draws on both sides of the value. */
export function bootstrapError(cases: number, statistic: (rows: Int32Array) => number, options: BootstrapErrorOptions): Estimate {
  const { key, draws = 100, least = 0 } = options;
  return deviations(statistic(allRows(cases)), drawn(cases, statistic, key, draws), least);
}

/** The same of two sets, each drawn anew by itself. Draws may take seconds each: others have their turn between them. @throws the signal's reason */
export async function bootstrapErrorOfBoth(
  sizes: readonly [number, number],
  statistic: (first: Int32Array, second: Int32Array) => number,
  { key, draws = 100, least = 0, signal }: BootstrapErrorOptions & { readonly signal?: AbortSignal },
): Promise<Estimate> {
  const values = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    values[draw] = statistic(...drawnOfBoth(sizes, key, draw));
    await nextTurn();
    signal?.throwIfAborted();
  }
  return deviations(statistic(allRows(sizes[0]), allRows(sizes[1])), values, least);
}

/** The mean of some cases' values, by their numbers. */
export const meanOver =
  (values: ArrayLike<number>) =>
  (rows: Int32Array): number =>
    rows.reduce((sum, row) => sum + values[row]!, 0) / rows.length;

const allRows = (cases: number): Int32Array => Int32Array.from({ length: cases }, (_, i) => i);

function drawn(cases: number, statistic: (rows: Int32Array) => number, key: Key, draws: number): Float64Array {
  return Float64Array.from({ length: draws }, (_, draw) => statistic(randomInts(foldIn(key, draw), cases, 0, cases)));
}

function drawnOfBoth([first, second]: readonly [number, number], key: Key, draw: number): [Int32Array, Int32Array] {
  const own = foldIn(key, draw);
  return [randomInts(foldIn(own, 0), first, 0, first), randomInts(foldIn(own, 1), second, 0, second)];
}

/** No interval where no draw is finite. */
function percentiles(value: number, draws: Float64Array): Estimate {
  const finite = draws.filter(Number.isFinite);
  if (finite.length === 0) return { value, low: Number.NaN, high: Number.NaN };
  const [low, high] = percentileInterval(finite, LEVEL);
  return { value, low, high };
}

function deviations(value: number, draws: Float64Array, least: number): Estimate {
  const finite = draws.filter(Number.isFinite);
  const mean = finite.reduce((a, b) => a + b, 0) / finite.length;
  const deviation = Math.sqrt(finite.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, finite.length - 1));
  return { value, low: Math.max(least, value - NORMAL * deviation), high: value + NORMAL * deviation };
}

/** Student's t for 95% on both sides, by degrees of freedom from 1. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** Beyond the table by the first two terms of its expansion in 1/freedom (Abramowitz and Stegun 1964, 26.7.5), to 2e-3. */
const studentOf = (freedom: number): number =>
  STUDENT[freedom - 1] ??
  NORMAL + (NORMAL ** 3 + NORMAL) / (4 * freedom) + (5 * NORMAL ** 5 + 16 * NORMAL ** 3 + 3 * NORMAL) / (96 * freedom ** 2);

/** The mean over repetitions with different seeds, with Student's interval; of one alone there is none. */
export function overSeeds(values: readonly number[]): Estimate {
  const n = values.length;
  const value = values.reduce((a, b) => a + b, 0) / n;
  if (n < 2) return { value, low: Number.NaN, high: Number.NaN };
  const deviation = Math.sqrt(values.reduce((sum, each) => sum + (each - value) ** 2, 0) / (n - 1));
  const reach = (studentOf(n - 1) * deviation) / Math.sqrt(n);
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

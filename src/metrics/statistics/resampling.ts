/** What resampling says of the mean difference between two systems on the same cases: intervals and p-values (Efron and Tibshirani 1993; Noreen 1989). */

import { mean, quantiles, variance } from './moments';
import { normalCdf, normalQuantile } from './special';

/** Rows of as many numbers as there are cases, one after another: indices to draw with replacement, or 1 where the two systems are exchanged. */
export interface Resamples {
  readonly rows: number;
  readonly values: ArrayLike<number>;
}

/** Differences closer than this to a bound are on it: sums of the same numbers in another order differ in the last digits. */
const SLACK = 1e-12;

function meansOf(count: number, { rows, values }: Resamples, term: (at: number, i: number) => number, where: string): Float64Array {
  if (values.length !== rows * count)
    throw new RangeError(`${where}: resamples: expected ${rows} rows of ${count} numbers, got ${values.length} numbers`);
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += term(values[row * count + i]!, i);
    return sum / count;
  });
}

/** Mean differences of the cases that each resample draws. */
export function bootstrapMeans(differences: ArrayLike<number>, resamples: Resamples): Float64Array {
  return meansOf(differences.length, resamples, (at) => differences[at]!, 'bootstrapMeans');
}

/** Mean differences after each row's exchanges. */
export function exchangedMeans(differences: ArrayLike<number>, exchanges: Resamples): Float64Array {
  return meansOf(differences.length, exchanges, (swap, i) => (swap === 1 ? -differences[i]! : differences[i]!), 'exchangedMeans');
}

const share = (values: Float64Array, holds: (value: number) => boolean): number => values.filter(holds).length / values.length;
/** (1 + hits) / (resamples + 1): a p-value that is never 0. */
const corrected = (values: Float64Array, holds: (value: number) => boolean): number =>
  (1 + values.filter(holds).length) / (values.length + 1);

export interface BootstrapTest {
  /** Share of the resamples in which the second system is as good or better. */
  readonly oneSided: number;
  /** How often a resample is as far from the observed difference as that is from 0. */
  readonly twoSided: number;
  readonly standardError: number;
}

/** The paired bootstrap test (Koehn 2004). */
export function bootstrapTest(observed: number, means: Float64Array): BootstrapTest {
  return {
    oneSided: share(means, (value) => value <= SLACK),
    twoSided: corrected(means, (value) => Math.abs(value - observed) >= Math.abs(observed) - SLACK),
    standardError: Math.sqrt(variance(means)),
  };
}

/** Approximate randomisation: how often exchanged systems differ as much. */
export function randomisationTest(observed: number, means: Float64Array): { readonly oneSided: number; readonly twoSided: number } {
  return {
    oneSided: corrected(means, (value) => value >= observed - SLACK),
    twoSided: corrected(means, (value) => Math.abs(value) >= Math.abs(observed) - SLACK),
  };
}

/** The interval that holds `level` of the resampled means, as much left out on both sides. */
export function percentileInterval(means: Float64Array, level: number): [low: number, high: number] {
  return quantiles(means, [(1 - level) / 2, (1 + level) / 2]) as [number, number];
}

export interface BcaInterval {
  readonly interval: readonly [low: number, high: number];
  /** The bias, as a normal quantile. */
  readonly bias: number;
  readonly acceleration: number;
  /** Which quantiles of the resampled means the interval ends at. */
  readonly quantiles: readonly [number, number];
}

/** The bias-corrected and accelerated interval (Efron 1987) of the mean difference. */
export function bcaInterval(differences: ArrayLike<number>, means: Float64Array, level: number): BcaInterval {
  const n = differences.length;
  const observed = mean(differences);
  const below = share(means, (value) => value < observed - SLACK) + share(means, (value) => value <= observed + SLACK);
  const bias = normalQuantile(below / 2);
  const without = Float64Array.from(differences, (value) => (n * observed - value) / (n - 1));
  const centre = mean(without);
  const moment = (power: number): number => without.reduce((sum, value) => sum + (centre - value) ** power, 0);
  const acceleration = moment(3) / (6 * moment(2) ** 1.5);
  const at = [(1 - level) / 2, (1 + level) / 2].map((q) => {
    const z = bias + normalQuantile(q);
    return normalCdf(bias + z / (1 - acceleration * z));
  }) as [number, number];
  return { interval: quantiles(means, at) as [number, number], bias, acceleration, quantiles: at };
}

/** AUROCs with their covariance (DeLong, DeLong and Clarke-Pearson 1988), by mid-ranks (Sun and Xu 2014). */

import { covariance, mean, midranks } from './moments';
import { normalQuantile, normalTail } from './special';

export interface DeLong {
  readonly aurocs: readonly [number, number];
  /** Of the two AUROCs. */
  readonly covariance: readonly [readonly [number, number], readonly [number, number]];
  /** Normal intervals of 95%. */
  readonly intervals: readonly (readonly [low: number, high: number])[];
  /** Of the first from the second, in standard errors. */
  readonly z: number;
  readonly p: number;
}

/** How often each positive is above the negatives, and each negative below the positives. */
function components(scores: ArrayLike<number>, labels: ArrayLike<number>): { positives: Float64Array; negatives: Float64Array } {
  const pick = (label: number): Float64Array => Float64Array.from(scores).filter((_, i) => labels[i] === label);
  const [up, down] = [pick(1), pick(0)];
  const all = midranks([...up, ...down]);
  const [among, amongOthers] = [midranks(up), midranks(down)];
  return {
    positives: up.map((_, i) => (all[i]! - among[i]!) / down.length),
    negatives: down.map((_, i) => 1 - (all[up.length + i]! - amongOthers[i]!) / up.length),
  };
}

/**
 * Two scores of the same cases.
 *
 * @param labels 1 present, 0 absent; two of each at least
 */
export function deLong(first: ArrayLike<number>, second: ArrayLike<number>, labels: ArrayLike<number>): DeLong {
  const both = [components(first, labels), components(second, labels)] as const;
  const aurocs = both.map(({ positives }) => mean(positives)) as [number, number];
  const between = (i: 0 | 1, j: 0 | 1): number =>
    covariance(both[i].positives, both[j].positives) / both[i].positives.length +
    covariance(both[i].negatives, both[j].negatives) / both[i].negatives.length;
  const matrix = [
    [between(0, 0), between(0, 1)],
    [between(1, 0), between(1, 1)],
  ] as const;
  const z = (aurocs[0] - aurocs[1]) / Math.sqrt(matrix[0][0] + matrix[1][1] - 2 * matrix[0][1]);
  const intervals = aurocs.map((area, i) => {
    const half = normalQuantile(0.975) * Math.sqrt(matrix[i as 0 | 1][i as 0 | 1]);
    return [area - half, area + half] as const;
  });
  return { aurocs, covariance: matrix, intervals, z, p: 2 * normalTail(Math.abs(z)) };
}

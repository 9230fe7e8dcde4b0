/**
 * How far generated features lie where real ones do, and the other way round, by balls around each that reach to its k-th neighbour: precision and recall
 * (Kynkäänniemi et al. 2019, arXiv:1904.06991), density and coverage (Naeem et al. 2020, arXiv:2002.09797).
 */

import { expectFiniteFeatures } from './finite-features';
import type { Features } from './frechet';
import { eachProducts, squaredLengths } from './products';

export interface ManifoldMeasures {
  /** Share of generated rows in a ball of a real one. */
  readonly precision: number;
  /** Share of real rows in a ball of a generated one. */
  readonly recall: number;
  /** In how many balls of real rows a generated row is, divided by k. */
  readonly density: number;
  /** Share of real rows whose ball holds a generated one. */
  readonly coverage: number;
}

/** What each row adds to the measures: they are its means. */
export interface ManifoldRows {
  /** Of each generated row: 1 in a ball of a real one. */
  readonly precision: Float64Array;
  /** Of each real row: 1 in a ball of a generated one. */
  readonly recall: Float64Array;
  /** Of each generated row: in how many balls of real rows it is, divided by k. */
  readonly density: Float64Array;
  /** Of each real row: 1 where its ball holds a generated one. */
  readonly coverage: Float64Array;
}

/** More than what float64 rounds of squared distances, as a share of the squared lengths that they are differences of: rows on a ball's rim stay outside. */
const ROUNDING = 1e-13;

/** Squared distances by blocks of rows of the first set, [rows of the block, b.rows]; `rounding` times the squared lengths is added. */
function eachDistance(a: Features, b: Features, rounding: number, visit: (from: number, squared: Float64Array) => void): void {
  const [p, q] = [squaredLengths(a), squaredLengths(b)];
  eachProducts(a, b, (from, values) => {
    for (let at = 0, i = from; at < values.length; i++)
      for (let j = 0; j < b.rows; j++, at++) {
        const lengths = p[i]! + q[j]!;
        values[at] = Math.max(0, lengths - 2 * values[at]!) + rounding * lengths;
      }
    visit(from, values);
  });
}

/** The squared distance of each row to its k-th neighbour, itself not counted. */
function squaredRadii(a: Features, k: number): Float64Array {
  const radii = new Float64Array(a.rows);
  const nearest = new Float64Array(k);
  eachDistance(a, a, 0, (from, squared) => {
    for (let i = from; (i - from) * a.rows < squared.length; i++) {
      nearest.fill(Number.POSITIVE_INFINITY);
      for (let j = 0; j < a.rows; j++) {
        const distance = squared[(i - from) * a.rows + j]!;
        if (j === i || distance >= nearest[k - 1]!) continue;
        let at = k - 1;
        for (; at > 0 && nearest[at - 1]! > distance; at--) nearest[at] = nearest[at - 1]!;
        nearest[at] = distance;
      }
      radii[i] = nearest[k - 1]!;
    }
  });
  return radii;
}

/**
 * @param k neighbours; 5 in the papers
 * @throws RangeError where the widths differ, a set has not more than k rows, or a feature is not finite
 */
export function manifoldRows(real: Features, generated: Features, k: number): ManifoldRows {
  if (real.columns !== generated.columns)
    throw new RangeError(`manifoldMeasures: features are ${real.columns} and ${generated.columns} wide`);
  if (real.rows <= k || generated.rows <= k)
    throw new RangeError(`manifoldMeasures: k: expected fewer than the ${real.rows} and ${generated.rows} rows, got ${k}`);
  expectFiniteFeatures('manifoldMeasures', real, generated);
  const [realRadii, otherRadii] = [squaredRadii(real, k), squaredRadii(generated, k)];
  const [precision, density] = [new Float64Array(generated.rows), new Float64Array(generated.rows)];
  const [recall, coverage] = [new Float64Array(real.rows), new Float64Array(real.rows)];
  eachDistance(real, generated, ROUNDING, (from, squared) => {
    for (let at = 0, i = from; at < squared.length; i++)
      for (let j = 0; j < generated.rows; j++, at++) {
        if (squared[at]! < realRadii[i]!) {
          precision[j] = coverage[i] = 1;
          density[j]! += 1 / k;
        }
        if (squared[at]! < otherRadii[j]!) recall[i] = 1;
      }
  });
  return { precision, recall, density, coverage };
}

/** The means of `manifoldRows`; throws as it does. */
export function manifoldMeasures(real: Features, generated: Features, k: number): ManifoldMeasures {
  const { precision, recall, density, coverage } = manifoldRows(real, generated, k);
  const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { precision: mean(precision), recall: mean(recall), density: mean(density), coverage: mean(coverage) };
}

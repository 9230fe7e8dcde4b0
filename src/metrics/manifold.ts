/**
 * How far generated features lie where real ones do, and the other way round, by balls around each that reach to its k-th neighbour: precision and recall
 * (Kynkäänniemi et al. 2019, arXiv:1904.06991), density and coverage (Naeem et al. 2020, arXiv:2002.09797).
 */

import type { Features } from './frechet';

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

/** Distances [a.rows, b.rows], row-major. */
function distances(a: Features, b: Features): Float64Array {
  const out = new Float64Array(a.rows * b.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.rows; j++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += (a.values[i * a.columns + k]! - b.values[j * b.columns + k]!) ** 2;
      out[i * b.rows + j] = Math.sqrt(sum);
    }
  return out;
}

/** The distance of each row to its k-th neighbour, itself not counted. */
function radii(a: Features, k: number): Float64Array {
  const all = distances(a, a);
  return Float64Array.from({ length: a.rows }, (_, i) => all.slice(i * a.rows, (i + 1) * a.rows).sort()[k]!);
}

/**
 * @param k neighbours; 5 in the papers
 * @throws RangeError where the widths differ or a set has not more than k rows
 */
export function manifoldMeasures(real: Features, generated: Features, k: number): ManifoldMeasures {
  if (real.columns !== generated.columns)
    throw new RangeError(`manifoldMeasures: features are ${real.columns} and ${generated.columns} wide`);
  if (real.rows <= k || generated.rows <= k)
    throw new RangeError(`manifoldMeasures: k: expected fewer than the ${real.rows} and ${generated.rows} rows, got ${k}`);
  const between = distances(real, generated);
  const [realRadii, otherRadii] = [radii(real, k), radii(generated, k)];
  const seen = new Uint8Array(generated.rows);
  let [inside, recalled, covered] = [0, 0, 0];
  for (let i = 0; i < real.rows; i++) {
    const row = between.subarray(i * generated.rows, (i + 1) * generated.rows);
    let [near, found] = [0, false];
    row.forEach((distance, j) => {
      if (distance < realRadii[i]!) {
        near++;
        seen[j] = 1;
      }
      if (distance < otherRadii[j]!) found = true;
    });
    inside += near;
    if (found) recalled++;
    if (near > 0) covered++;
  }
  return {
    precision: seen.reduce((sum, one) => sum + one, 0) / generated.rows,
    recall: recalled / real.rows,
    density: inside / (k * generated.rows),
    coverage: covered / real.rows,
  };
}

/** Principal components (Pearson 1901): the directions in which a representation varies most. */

import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { expectWhole, type Representation } from './representation';

export interface PrincipalComponents {
  readonly mean: Float64Array;
  /** [components, columns], row-major, each of length 1; the sign of each is free. */
  readonly components: Float64Array;
  /** Variance along each, divided by n - 1, and its share of all. */
  readonly variance: readonly number[];
  readonly share: readonly number[];
  readonly singularValues: readonly number[];
}

/** @throws RangeError where there are fewer rows or columns than components */
export function principalComponents(features: Representation, count: number): PrincipalComponents {
  expectWhole('principalComponents', features);
  const { values, rows, columns } = features;
  if (count > Math.min(rows, columns) || rows < 2)
    throw new RangeError(
      `principalComponents: expected at most ${Math.min(rows, columns)} components of ${rows} × ${columns}, got ${count}`,
    );
  const mean = new Float64Array(columns);
  for (let i = 0; i < rows; i++) for (let k = 0; k < columns; k++) mean[k]! += values[i * columns + k]! / rows;
  const centred = Matrix.zeros(rows, columns);
  for (let i = 0; i < rows; i++) for (let k = 0; k < columns; k++) centred.set(i, k, values[i * columns + k]! - mean[k]!);
  const { diagonal, rightSingularVectors } = new SingularValueDecomposition(centred, { autoTranspose: true });
  const order = diagonal.map((_, i) => i).sort((a, b) => diagonal[b]! - diagonal[a]!);
  const total = diagonal.reduce((sum, value) => sum + value ** 2, 0);
  const kept = order.slice(0, count);
  return {
    mean,
    components: Float64Array.from(kept.flatMap((i) => rightSingularVectors.getColumn(i))),
    variance: kept.map((i) => diagonal[i]! ** 2 / (rows - 1)),
    share: kept.map((i) => diagonal[i]! ** 2 / total),
    singularValues: kept.map((i) => diagonal[i]!),
  };
}

/** Where rows lie along the components, [rows, components], row-major. */
export function project({ mean, components }: PrincipalComponents, features: Representation): Float64Array {
  expectWhole('project', features);
  const { values, rows, columns } = features;
  const count = components.length / columns;
  const out = new Float64Array(rows * count);
  for (let i = 0; i < rows; i++)
    for (let c = 0; c < count; c++)
      for (let k = 0; k < columns; k++) out[i * count + c]! += (values[i * columns + k]! - mean[k]!) * components[c * columns + k]!;
  return out;
}

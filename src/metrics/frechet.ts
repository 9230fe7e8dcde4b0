/** Fréchet distance between two sets of features (FID where they are Inception's). Heusel et al. 2017, arXiv:1706.08500, eq. (6). */

import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Rows of features, row-major. */
export interface Features {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

interface Gaussian {
  readonly mean: Float64Array;
  readonly covariance: Matrix;
}

/** Mean and covariance (divisor n - 1) of the rows. */
function gaussianOf({ values, rows, columns }: Features, what: string): Gaussian {
  if (rows < 2) throw new RangeError(`frechetDistance: ${what}: expected at least 2 rows of features, got ${rows}`);
  const mean = new Float64Array(columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) mean[j]! += values[i * columns + j]! / rows;
  const centred = Matrix.zeros(rows, columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) centred.set(i, j, values[i * columns + j]! - mean[j]!);
  return {
    mean,
    covariance: centred
      .transpose()
      .mmul(centred)
      .div(rows - 1),
  };
}

const eigen = (symmetric: Matrix): EigenvalueDecomposition => new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });

/** The symmetric square root of a positive semidefinite matrix; negative rounding noise in the spectrum counts as 0. */
function squareRoot(symmetric: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = eigen(symmetric);
  const roots = Matrix.diag(realEigenvalues.map((value) => Math.sqrt(Math.max(0, value))));
  return eigenvectorMatrix.mmul(roots).mmul(eigenvectorMatrix.transpose());
}

/**
 * ‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½). The root's trace is taken from the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric and has the same
 * spectrum, so nothing becomes complex where a covariance is singular.
 *
 * @returns 0 or more; it falls with the number of rows, so compare only distances of equally many
 * @throws RangeError where the widths differ or a set has fewer than 2 rows
 */
export function frechetDistance(a: Features, b: Features): number {
  if (a.columns !== b.columns) throw new RangeError(`frechetDistance: features are ${a.columns} and ${b.columns} wide`);
  const [p, q] = [gaussianOf(a, 'the first set'), gaussianOf(b, 'the second set')];
  const root = squareRoot(p.covariance);
  const product = root.mmul(q.covariance).mmul(root);
  const spectrum = eigen(product.add(product.transpose()).div(2)).realEigenvalues;
  const shared = spectrum.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  const distance = p.mean.reduce((sum, value, i) => sum + (value - q.mean[i]!) ** 2, 0);
  return Math.max(0, distance + p.covariance.trace() + q.covariance.trace() - 2 * shared);
}

/** Fréchet distance between two sets of features (FID where they are Inception's). Heusel et al. 2017, arXiv:1706.08500, eq. (6). */

import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type Algebra64, hasFloat64, inFloat64, type Matrix64 } from '../engine/internal';
import { expectFiniteFeatures } from './finite-features';

/** Rows of features, row-major. */
export interface Features {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * ‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½), in float64. Nothing becomes complex where a covariance is singular, as that of fewer rows than columns is.
 *
 * @returns 0 or more; it falls with the number of rows, so compare only distances of equally many
 * @throws RangeError where the widths differ, a set has fewer than 2 rows, or a feature is not finite
 */
export function frechetDistance(a: Features, b: Features): number {
  if (a.columns !== b.columns) throw new RangeError(`frechetDistance: features are ${a.columns} and ${b.columns} wide`);
  for (const [{ rows }, what] of [
    [a, 'the first set'],
    [b, 'the second set'],
  ] as const)
    if (rows < 2) throw new RangeError(`frechetDistance: ${what}: expected at least 2 rows of features, got ${rows}`);
  expectFiniteFeatures('frechetDistance', a, b);
  return hasFloat64() ? byFactors(a, b) : plainFrechetDistance(a, b);
}

/** A covariance by a factor: with it as rows, Σ = Fᵀ F / scale; as columns, Σ = F Fᵀ. */
interface Factored {
  readonly mean: Matrix64;
  readonly trace: number;
  readonly factor: Matrix64;
  readonly as: 'rows' | 'columns';
  /** 1 for columns. */
  readonly scale: number;
}

function factored(x: Algebra64, { values, rows, columns }: Features): Factored {
  const features = x.from(values, [rows, columns]);
  const mean = x.meanRow(features);
  const centred = x.minus(features, mean);
  const trace = x.squares(centred) / (rows - 1);
  if (rows <= columns) return { mean, trace, factor: centred, as: 'rows', scale: rows - 1 };
  const covariance = x.over(x.product(centred, centred, 'first'), rows - 1);
  const triangle = x.cholesky(covariance);
  if (triangle) return { mean, trace, factor: triangle, as: 'columns', scale: 1 };
  const { values: spectrum, vectors } = x.eigen(covariance);
  return { mean, trace, factor: x.timesRoots(vectors, spectrum), as: 'columns', scale: 1 };
}

/**
 * By factors: tr (Σ₁ Σ₂)^½ is the sum of the singular values of F₁ F₂ᵀ, whose squares are the eigenvalues of its product with itself. No root of a matrix is
 * needed, and of few rows no matrix is larger than they are many.
 */
function byFactors(a: Features, b: Features): number {
  return inFloat64((x) => {
    const [p, q] = [factored(x, a), factored(x, b)];
    const [first, second] = p.as === 'columns' && q.as === 'rows' ? [q, p] : [p, q]; // singular values are those of the transpose
    const transposed = first.as === 'columns' ? 'first' : second.as === 'rows' ? 'second' : undefined;
    const between = x.product(first.factor, second.factor, transposed);
    const [rows, columns] = between.shape as [number, number];
    const squared = x.product(between, between, rows <= columns ? 'second' : 'first');
    const shared = x.eigenvalues(squared).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0) / Math.sqrt(p.scale * q.scale);
    return Math.max(0, x.squares(x.minus(p.mean, q.mean)) + p.trace + q.trace - 2 * shared);
  });
}

interface Gaussian {
  readonly mean: Float64Array;
  readonly covariance: Matrix;
}

/** Mean and covariance (divisor n - 1) of the rows. */
function gaussianOf({ values, rows, columns }: Features): Gaussian {
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

/** `frechetDistance` without TensorFlow: by the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric and has the same spectrum as Σ₁ Σ₂. */
export function plainFrechetDistance(a: Features, b: Features): number {
  const [p, q] = [gaussianOf(a), gaussianOf(b)];
  const root = squareRoot(p.covariance);
  const product = root.mmul(q.covariance).mmul(root);
  const spectrum = eigen(product.add(product.transpose()).div(2)).realEigenvalues;
  const shared = spectrum.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  const distance = p.mean.reduce((sum, value, i) => sum + (value - q.mean[i]!) ** 2, 0);
  return Math.max(0, distance + p.covariance.trace() + q.covariance.trace() - 2 * shared);
}

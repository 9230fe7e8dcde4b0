/** Centred kernel alignment (Kornblith et al. 2019, arXiv:1905.00414): how alike two representations of the same cases are, 0 to 1. */

import { expectSameRows, type Representation } from './representation';

/** Likeness of cases, [n, n]. */
type Gram = Float64Array;

export interface CkaOptions {
  /**
   * `linear`, which rotations and scaling of a representation don't change; without bias (Song et al. 2012), where few cases with many columns don't look alike for
   * that alone, and the value may be below 0; or with Gaussians as wide as `bandwidth` times the median distance of two cases.
   */
  readonly kernel?: 'linear' | 'linear-unbiased' | 'rbf';
  /** 1 where left out. */
  readonly bandwidth?: number;
}

function products({ values, rows, columns }: Representation): Gram {
  const gram = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += values[i * columns + k]! * values[j * columns + k]!;
      gram[i * rows + j] = gram[j * rows + i] = sum;
    }
  return gram;
}

function gaussians({ values, rows, columns }: Representation, bandwidth: number): Gram {
  const squares = new Float64Array(rows * rows);
  const between: number[] = [];
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += (values[i * columns + k]! - values[j * columns + k]!) ** 2;
      squares[i * rows + j] = squares[j * rows + i] = sum;
      between.push(sum);
    }
  between.sort((a, b) => a - b);
  const half = between.length >> 1;
  const median = between.length % 2 === 1 ? Math.sqrt(between[half]!) : (Math.sqrt(between[half - 1]!) + Math.sqrt(between[half]!)) / 2;
  return squares.map((square) => Math.exp(-square / (2 * (bandwidth * median) ** 2)));
}

/** Rows and columns with mean 0. */
function centred(gram: Gram, n: number): Gram {
  const means = Float64Array.from({ length: n }, (_, i) => gram.subarray(i * n, (i + 1) * n).reduce((sum, value) => sum + value, 0) / n);
  const all = means.reduce((sum, value) => sum + value, 0) / n;
  return gram.map((value, at) => value - means[Math.floor(at / n)]! - means[at % n]! + all);
}

const dot = (a: Gram, b: Gram): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Equation 5 of Song et al. 2012, but for a factor that cancels. */
function unbiased(k: Gram, l: Gram, n: number): number {
  const withoutDiagonal = (gram: Gram): Gram => gram.map((value, at) => (Math.floor(at / n) === at % n ? 0 : value));
  const sums = (gram: Gram): number[] =>
    Array.from({ length: n }, (_, i) => gram.subarray(i * n, (i + 1) * n).reduce((sum, value) => sum + value, 0));
  const [a, b] = [withoutDiagonal(k), withoutDiagonal(l)];
  const [rowsA, rowsB] = [sums(a), sums(b)];
  const total = (rows: readonly number[]): number => rows.reduce((sum, value) => sum + value, 0);
  const shared = rowsA.reduce((sum, value, i) => sum + value * rowsB[i]!, 0);
  return dot(a, b) + (total(rowsA) * total(rowsB)) / ((n - 1) * (n - 2)) - (2 * shared) / (n - 2);
}

/** @throws RangeError where rows are not as many, or fewer than 4 */
export function cka(a: Representation, b: Representation, { kernel = 'linear', bandwidth = 1 }: CkaOptions = {}): number {
  expectSameRows('cka', a, b);
  const n = a.rows;
  if (n < 4) throw new RangeError(`cka: expected at least 4 rows, got ${n}`);
  const gram = (one: Representation): Gram => (kernel === 'rbf' ? gaussians(one, bandwidth) : products(one));
  if (kernel === 'linear-unbiased') {
    const [k, l] = [gram(a), gram(b)];
    return unbiased(k, l, n) / Math.sqrt(unbiased(k, k, n) * unbiased(l, l, n));
  }
  const [k, l] = [centred(gram(a), n), centred(gram(b), n)];
  return dot(k, l) / Math.sqrt(dot(k, k) * dot(l, l));
}

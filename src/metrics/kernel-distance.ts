/** The kernel distance between two sets of features (KID where they are Inception's). Bińkowski et al. 2018, arXiv:1801.01401, section 4.1. */

import type { Features } from './frechet';

/** (x · y / width + 1)³. */
function kernel(a: Features, i: number, b: Features, j: number): number {
  let product = 0;
  for (let k = 0; k < a.columns; k++) product += a.values[i * a.columns + k]! * b.values[j * b.columns + k]!;
  return (product / a.columns + 1) ** 3;
}

/** The mean of the kernel over pairs, of different rows where the sets are one. */
function meanKernel(a: Features, b: Features): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < b.rows; j++) if (a !== b || i !== j) sum += kernel(a, i, b, j);
  return sum / (a === b ? a.rows * (a.rows - 1) : a.rows * b.rows);
}

/**
 * The squared maximum mean discrepancy, estimated without bias: it may be below 0, and its mean does not depend on how many rows there are.
 *
 * @throws RangeError where the widths differ or a set has fewer than 2 rows
 */
export function kernelDistance(a: Features, b: Features): number {
  if (a.columns !== b.columns) throw new RangeError(`kernelDistance: features are ${a.columns} and ${b.columns} wide`);
  if (a.rows < 2 || b.rows < 2) throw new RangeError(`kernelDistance: expected at least 2 rows of features, got ${a.rows} and ${b.rows}`);
  return meanKernel(a, a) + meanKernel(b, b) - 2 * meanKernel(a, b === a ? { ...b } : b);
}

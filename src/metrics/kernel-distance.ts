/** The kernel distance between two sets of features (KID where they are Inception's). Bińkowski et al. 2018, arXiv:1801.01401, section 4.1. */

import { expectFiniteFeatures } from './finite-features';
import type { Features } from './frechet';
import { eachProducts } from './products';

/** (x · y / width + 1)³ of all pairs, by blocks of rows of the first set: [rows of the block, b.rows]. */
export function eachKernel(a: Features, b: Features, visit: (from: number, kernel: Float64Array) => void): void {
  eachProducts(a, b, (from, values) => {
    for (let at = 0; at < values.length; at++) {
      const base = values[at]! / a.columns + 1;
      values[at] = base * base * base;
    }
    visit(from, values);
  });
}

/** The mean of the kernel over pairs, of different rows where the sets are one. */
function meanKernel(a: Features, b: Features): number {
  let sum = 0;
  eachKernel(a, b, (from, kernel) => {
    for (let at = 0; at < kernel.length; at++) sum += kernel[at]!;
    if (a === b) for (let i = from; (i - from) * a.rows < kernel.length; i++) sum -= kernel[(i - from) * a.rows + i]!;
  });
  return sum / (a === b ? a.rows * (a.rows - 1) : a.rows * b.rows);
}

/** @throws RangeError where the widths differ, a set has fewer than 2 rows, or a feature is not finite */
export function expectKernelSets(where: string, a: Features, b: Features): void {
  if (a.columns !== b.columns) throw new RangeError(`${where}: features are ${a.columns} and ${b.columns} wide`);
  if (a.rows < 2 || b.rows < 2) throw new RangeError(`${where}: expected at least 2 rows of features, got ${a.rows} and ${b.rows}`);
  expectFiniteFeatures(where, a, b);
}

/**
 * The squared maximum mean discrepancy, estimated without bias: it may be below 0, and its mean does not depend on how many rows there are.
 *
 * @throws RangeError where the widths differ, a set has fewer than 2 rows, or a feature is not finite
 */
export function kernelDistance(a: Features, b: Features): number {
  expectKernelSets('kernelDistance', a, b);
  return meanKernel(a, a) + meanKernel(b, b) - 2 * meanKernel(a, b === a ? { ...b } : b);
}

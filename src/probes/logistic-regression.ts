/** L2-regularised logistic regression on frozen features: what a representation says linearly. Solved to its minimum by L-BFGS (Liu and Nocedal 1989). */

import { minimise } from './lbfgs';
import { expectWhole, type Representation } from './representation';

export interface LogisticOptions {
  /** How little coefficients are held back: the penalty is |coefficients|² / 2C; intercepts are free. 1 where left out. */
  readonly c?: number;
  /** Each class weighs as much in all: n / (classes · its count) for each of its cases. */
  readonly balanced?: boolean;
}

export interface LogisticRegression {
  /** From 0. With two there is one row of coefficients, for class 1 against 0; else one for each class. */
  readonly classes: number;
  /** [rows, columns], row-major. */
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
  /** What was minimised: the sum of weights · cross-entropy, and the penalty. */
  readonly objective: number;
}

/** Σ w x + b of each row of coefficients. */
function scores(features: Representation, i: number, weights: Float64Array, rows: number, out: Float64Array): void {
  const { values, columns } = features;
  for (let r = 0; r < rows; r++) {
    let sum = weights[rows * columns + r]!;
    for (let k = 0; k < columns; k++) sum += weights[r * columns + k]! * values[i * columns + k]!;
    out[r] = sum;
  }
}

/** Scores to probabilities of the classes; of two, one score is that of class 1. `out` may be `logits` where there are more. */
function probabilities(logits: Float64Array, classes: number, out: Float64Array): void {
  if (classes === 2) {
    const [score] = logits as unknown as [number];
    out[1] = 1 / (1 + Math.exp(-score));
    out[0] = 1 / (1 + Math.exp(score));
    return;
  }
  let most = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) most = Math.max(most, logits[k]!);
  let total = 0;
  for (let k = 0; k < classes; k++) {
    out[k] = Math.exp(logits[k]! - most);
    total += out[k]!;
  }
  for (let k = 0; k < classes; k++) out[k]! /= total;
}

/**
 * @param labels whole numbers from 0, one for each row; the largest says how many classes there are
 * @throws RangeError where there are fewer than two classes, or one has no case
 */
export function fitLogistic(
  features: Representation,
  labels: ArrayLike<number>,
  { c = 1, balanced = false }: LogisticOptions = {},
): LogisticRegression {
  expectWhole('fitLogistic', features);
  const { values, rows: n, columns } = features;
  if (labels.length !== n) throw new RangeError(`fitLogistic: ${labels.length} labels for ${n} rows`);
  const classes = Math.max(...Array.from(labels)) + 1;
  const counts = Array.from({ length: classes }, (_, k) => Array.from(labels).filter((label) => label === k).length);
  if (classes < 2 || counts.includes(0))
    throw new RangeError(`fitLogistic: labels: expected cases of every class from 0, got ${counts.join(', ')}`);
  const rows = classes === 2 ? 1 : classes;
  const logits = new Float64Array(rows);
  const p = new Float64Array(classes);
  const { x, value } = minimise(rows * (columns + 1), (weights, gradient) => {
    let objective = 0;
    for (let at = 0; at < rows * columns; at++) {
      objective += weights[at]! ** 2 / (2 * c);
      gradient[at] = weights[at]! / c;
    }
    gradient.fill(0, rows * columns);
    for (let i = 0; i < n; i++) {
      scores(features, i, weights, rows, logits);
      probabilities(logits, classes, p);
      const weight = balanced ? n / (classes * counts[labels[i]!]!) : 1;
      objective -= weight * Math.log(p[labels[i]!]!);
      for (let r = 0; r < rows; r++) {
        const own = classes === 2 ? 1 : r;
        const slope = weight * (p[own]! - (labels[i] === own ? 1 : 0));
        for (let k = 0; k < columns; k++) gradient[r * columns + k]! += slope * values[i * columns + k]!;
        gradient[rows * columns + r]! += slope;
      }
    }
    return objective;
  });
  return { classes, coefficients: x.slice(0, rows * columns), intercepts: x.slice(rows * columns), objective: value };
}

/** Probabilities [rows, classes], row-major. */
export function predictLogistic({ classes, coefficients, intercepts }: LogisticRegression, features: Representation): Float64Array {
  expectWhole('predictLogistic', features);
  const weights = Float64Array.of(...coefficients, ...intercepts);
  const logits = new Float64Array(intercepts.length);
  const out = new Float64Array(features.rows * classes);
  for (let i = 0; i < features.rows; i++) {
    scores(features, i, weights, intercepts.length, logits);
    probabilities(logits, classes, out.subarray(i * classes, (i + 1) * classes));
  }
  return out;
}

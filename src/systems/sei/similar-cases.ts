/**
 * Historical cases that are similar to a study: exact search by cosine, the study's own images left out. SEI (Liu et al. 2024, arXiv:2405.14905) searches an
 * index of inner products instead and keeps 20.
 */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../engine';

/** Vectors of images, and which study each is of. */
export interface CaseFeatures {
  /** [images, width], row by row, of any lengths but 0. */
  readonly values: Float32Array;
  readonly width: number;
  /** Of each image its study, by a name that is unique over all subjects. */
  readonly studies: readonly string[];
}

export interface SimilarCase {
  /** Of the historical images. */
  readonly row: number;
  /** From -1 to 1. */
  readonly cosine: number;
}

/**
 * The most similar historical images of each query, best first; of equal ones the first. The engine proposes, double precision decides.
 *
 * @param history images to choose from: the training split
 * @param queries may be the same ones
 * @param count   how many at most; fewer where other studies have fewer images
 * @throws RangeError where shapes do not fit, the count is not a whole number from 1, or a vector has no direction (length 0 or not finite)
 */
export function similarCases(history: CaseFeatures, queries: CaseFeatures, count = 20): SimilarCase[][] {
  if (!(Number.isInteger(count) && count >= 1)) throw new RangeError(`similarCases: count: expected a whole number from 1, got ${count}`);
  if (history.width !== queries.width)
    throw new RangeError(
      `similarCases: vectors of history have ${history.width} values and those of queries ${queries.width}; expected one width`,
    );
  const [ours, theirs] = [lengthsOf('history', history), lengthsOf('queries', queries)];
  const [n, width] = [history.studies.length, history.width];
  const cosine = (q: number, row: number): number => product(queries.values, q, history.values, row, width) / (theirs[q]! * ours[row]!);
  const found: SimilarCase[][] = [];
  const cases = unitRows(history, ours, 0, n);
  try {
    for (let from = 0; from < queries.studies.length; from += AT_ONCE) {
      const to = Math.min(queries.studies.length, from + AT_ONCE);
      const rough = scope(() => tf.matMul(unitRows(queries, theirs, from, to), cases, false, true).dataSync());
      for (let q = from; q < to; q++) {
        const scores = rough.subarray((q - from) * n, (q - from + 1) * n);
        const isOther = (row: number): boolean => history.studies[row] !== queries.studies[q];
        const near = new Best(count);
        for (let row = 0; row < n; row++) if (isOther(row)) near.offer(row, scores[row]!);
        const least = (near.cases.at(-1)?.cosine ?? 0) - ROUGHNESS;
        const best = new Best(count);
        for (let row = 0; row < n; row++) if (scores[row]! >= least && isOther(row)) best.offer(row, cosine(q, row));
        found.push(best.cases);
      }
    }
  } finally {
    cases.dispose();
  }
  return found;
}

/** Queries whose products with all cases are made at a time. */
const AT_ONCE = 64;
/** More than the engine's single precision errs in a cosine: what comes as near to the best is looked at in double precision. */
const ROUGHNESS = 1e-3;

/** Vectors [from, to) divided by their lengths. */
function unitRows({ values, width }: CaseFeatures, lengths: Float64Array, from: number, to: number): tf.Tensor2D {
  return scope(() => {
    const rows = tf.tensor2d(values.subarray(from * width, to * width), [to - from, width]);
    return tf.div(rows, tf.tensor2d(Float32Array.from(lengths.subarray(from, to)), [to - from, 1]));
  });
}

/** The vectors' lengths. */
function lengthsOf(name: string, { values, width, studies }: CaseFeatures): Float64Array {
  if (!(Number.isInteger(width) && width >= 1 && values.length === studies.length * width))
    throw new RangeError(`similarCases: ${name}: expected ${studies.length} vectors of ${width} values, got ${values.length} values`);
  return Float64Array.from(studies, (_, row) => {
    const length = Math.sqrt(product(values, row, values, row, width));
    if (!(length > 0 && length < Number.POSITIVE_INFINITY))
      throw new RangeError(`similarCases: ${name}: vector ${row} has no direction: its length is ${length}`);
    return length;
  });
}

function product(a: Float32Array, rowA: number, b: Float32Array, rowB: number, width: number): number {
  const [fromA, fromB] = [rowA * width, rowB * width];
  let sum = 0;
  for (let i = 0; i < width; i++) sum += a[fromA + i]! * b[fromB + i]!;
  return sum;
}

/** The best so far, in order: what is offered later stands behind its equals. */
class Best {
  readonly cases: SimilarCase[] = [];

  constructor(private readonly count: number) {}

  offer(row: number, cosine: number): void {
    const { cases, count } = this;
    if (cases.length === count && cosine <= cases[count - 1]!.cosine) return;
    let at = cases.length;
    while (at > 0 && cases[at - 1]!.cosine < cosine) at--;
    cases.splice(at, 0, { row, cosine });
    if (cases.length > count) cases.pop();
  }
}

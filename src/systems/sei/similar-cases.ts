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
  const { width } = history;
  const cosine = (q: number, row: number): number => product(queries.values, q, history.values, row, width) / (theirs[q]! * ours[row]!);
  return blocksOf(queries, MOST_QUERIES).flatMap(([from, to]) => {
    const near = Array.from({ length: to - from }, () => new Near(count));
    const asked = unitRows(queries, theirs, from, to);
    try {
      for (const [first, end] of blocksOf(history, MOST_ROWS)) {
        const rough = scope(() => tf.matMul(asked, unitRows(history, ours, first, end), false, true).dataSync() as Float32Array);
        near.forEach((cases, i) => {
          const [own, scores] = [queries.studies[from + i], rough.subarray(i * (end - first), (i + 1) * (end - first))];
          for (let k = 0; k < scores.length; k++)
            if (scores[k]! >= cases.least && history.studies[first + k] !== own) cases.offer(first + k, scores[k]!);
        });
      }
    } finally {
      asked.dispose();
    }
    return near.map((cases, i) => {
      const best = new Best(count);
      for (const row of cases.rows()) best.offer(row, cosine(from + i, row));
      return best.cases;
    });
  });
}

/** Vectors whose products are made at a time: at most so many queries and so many rows of the history, and 64 MiB of either, whatever their width. */
const [MOST_QUERIES, MOST_ROWS, MOST_VALUES] = [1024, 8192, 2 ** 24];
/** More than the engine's single precision errs in a cosine: what comes as near to the best is looked at in double precision. */
const ROUGHNESS = 1e-3;

/** Parts of all vectors, [from, to). */
function blocksOf({ studies, width }: CaseFeatures, most: number): [from: number, to: number][] {
  const rows = Math.max(1, Math.min(most, Math.floor(MOST_VALUES / width)));
  return Array.from({ length: Math.ceil(studies.length / rows) }, (_, i) => [i * rows, Math.min(studies.length, (i + 1) * rows)]);
}

/** Rows that may be among the best, by rough scores. */
class Near {
  /** A score below it is not among the best. */
  least = Number.NEGATIVE_INFINITY;
  private readonly best: Best;
  private kept: SimilarCase[] = [];
  /** How many are kept before those that have fallen behind are let go. */
  private most: number;

  constructor(private readonly count: number) {
    this.best = new Best(count);
    this.most = 8 * count;
  }

  offer(row: number, cosine: number): void {
    this.best.offer(row, cosine);
    this.kept.push({ row, cosine });
    if (this.best.cases.length < this.count) return;
    this.least = this.best.cases.at(-1)!.cosine - ROUGHNESS;
    if (this.kept.length <= this.most) return;
    this.kept = this.kept.filter((one) => one.cosine >= this.least);
    this.most = Math.max(this.most, 2 * this.kept.length); // where very many are equal
  }

  /** In their order. */
  rows(): number[] {
    return this.kept.filter(({ cosine }) => cosine >= this.least).map(({ row }) => row);
  }
}

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

/**
 * Historical cases that are similar to a study: exact search by cosine, the study's own images left out. SEI (Liu et al. 2024, arXiv:2405.14905) searches an
 * index of inner products instead and keeps 20.
 */

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
 * The most similar historical images of each query, best first; of equal ones the first.
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
  const ours = directions('history', history);
  const theirs = queries === history ? ours : directions('queries', queries);
  return queries.studies.map((study, q) => {
    const best = new Best(count);
    for (let row = 0; row < history.studies.length; row++)
      if (history.studies[row] !== study) best.offer(row, product(theirs, q, ours, row, history.width));
    return best.cases;
  });
}

/** The vectors divided by their lengths. */
function directions(name: string, { values, width, studies }: CaseFeatures): Float64Array {
  if (!(Number.isInteger(width) && width >= 1 && values.length === studies.length * width))
    throw new RangeError(`similarCases: ${name}: expected ${studies.length} vectors of ${width} values, got ${values.length} values`);
  const out = Float64Array.from(values);
  for (let row = 0; row < studies.length; row++) {
    const length = Math.sqrt(product(out, row, out, row, width));
    if (!(length > 0 && length < Number.POSITIVE_INFINITY))
      throw new RangeError(`similarCases: ${name}: vector ${row} has no direction: its length is ${length}`);
    for (let i = row * width; i < (row + 1) * width; i++) out[i]! /= length;
  }
  return out;
}

function product(a: Float64Array, rowA: number, b: Float64Array, rowB: number, width: number): number {
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

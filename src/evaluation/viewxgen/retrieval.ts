/** The baseline that writes and draws nothing: reports and views of training studies, found by what is known of a study. */

import { reportTokens } from '../../metrics';

/** Rows of vectors, all of one width. */
export interface Vectors {
  readonly values: Float32Array;
  readonly width: number;
}

/** For each query the row that is nearest by cosine; of rows as near, the first. */
export function nearestRows(queries: Vectors, rows: Vectors): number[] {
  const { width } = rows;
  const units = unitRows(rows);
  const asked = unitRows(queries);
  return Array.from({ length: asked.length / width }, (_, q) => {
    let [best, most] = [0, Number.NEGATIVE_INFINITY];
    for (let r = 0; r < units.length / width; r++) {
      let dot = 0;
      for (let c = 0; c < width; c++) dot += asked[q * width + c]! * units[r * width + c]!;
      if (dot > most) [best, most] = [r, dot];
    }
    return best;
  });
}

function unitRows({ values, width }: Vectors): Float64Array {
  const out = Float64Array.from(values);
  for (let at = 0; at < out.length; at += width) {
    const row = out.subarray(at, at + width);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
    row.forEach((value, c) => {
      row[c] = value / length;
    });
  }
  return out;
}

/**
 * Reports as vectors: counts of words and pairs of words, each times the logarithm of how rare it is among the reports to be found.
 *
 * @returns vectors of those that are found, and of any others
 */
export function reportVectors(found: readonly string[]): {
  readonly vectors: Vectors;
  readonly of: (reports: readonly string[]) => Vectors;
} {
  const terms = (report: string): string[] => {
    const words = reportTokens(report);
    return [...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)];
  };
  const reports = new Map<string, number>();
  for (const report of found) for (const term of new Set(terms(report))) reports.set(term, (reports.get(term) ?? 0) + 1);
  const columns = new Map([...reports.keys()].map((term, column) => [term, column]));
  const weights = Float64Array.from(reports.values(), (count) => Math.log(found.length / count));
  const of = (texts: readonly string[]): Vectors => {
    const values = new Float32Array(texts.length * columns.size);
    texts.forEach((text, row) => {
      for (const term of terms(text)) {
        const column = columns.get(term);
        if (column !== undefined) values[row * columns.size + column]! += weights[column]!;
      }
    });
    return { values, width: columns.size };
  };
  return { vectors: of(found), of };
}

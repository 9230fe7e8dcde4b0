/** Linear probes of a representation of texts, and their F1. */

import { foldIn, type Key } from '../../engine';
import { permutation } from '../../engine/internal';
import { fitLogistic, predictLogistic, type Representation } from '../../probes';
import { bootstrap, bootstrapError, type Estimate, overSeeds } from '../estimate';

/** Labels of n texts for one finding. */
export type Column = Uint8Array;

/** Which texts a probe learns from, and on which it is tested. */
export interface ProbeSplit {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/** Half of the patients each, for each of the seeds. */
export function probeSplits(patients: readonly string[], seeds: number, key: Key): ProbeSplit[] {
  const names = [...new Set(patients)];
  return Array.from({ length: seeds }, (_, seed) => {
    const order = permutation(foldIn(key, seed), names.length);
    const learning = new Set(Array.from(order.subarray(0, names.length >> 1), (i) => names[i]!));
    const rows = Int32Array.from(patients, (_, i) => i);
    return { train: rows.filter((i) => learning.has(patients[i]!)), test: rows.filter((i) => !learning.has(patients[i]!)) };
  });
}

/** Whether a finding has as many texts with and without it, in both halves, for every seed. */
export function measurable(column: Column, splits: readonly ProbeSplit[], least: number): boolean {
  return splits.every((split) =>
    [split.train, split.test].every((rows) => {
      const positive = rows.reduce((sum, i) => sum + column[i]!, 0);
      return positive >= least && rows.length - positive >= least;
    }),
  );
}

/** Coefficients are held back this much (`LogisticOptions.c`): columns have deviation 1, and there are about as many of them as cases. */
const C = 0.1;

/**
 * What probes of a representation say of each text: a logistic regression with balanced classes on columns of mean 0 and deviation 1 over its training texts.
 *
 * @returns for each seed, 1 present and 0 absent for the texts of its test half, 255 for the others
 */
export function probe(representation: Representation, column: Column, splits: readonly ProbeSplit[]): Uint8Array[] {
  return splits.map(({ train, test }) => {
    const scale = standardise(representation, train);
    const model = fitLogistic(
      scale(train),
      Array.from(train, (i) => column[i]!),
      { c: C, balanced: true },
    );
    const probabilities = predictLogistic(model, scale(test));
    const said = new Uint8Array(representation.rows).fill(255);
    test.forEach((row, i) => {
      said[row] = probabilities[2 * i + 1]! > 0.5 ? 1 : 0;
    });
    return said;
  });
}

function standardise({ values, columns }: Representation, train: Int32Array): (rows: Int32Array) => Representation {
  const mean = new Float64Array(columns);
  const square = new Float64Array(columns);
  for (const row of train)
    for (let k = 0; k < columns; k++) {
      const value = values[row * columns + k]!;
      mean[k]! += value / train.length;
      square[k]! += value ** 2 / train.length;
    }
  const deviation = square.map((value, k) => Math.sqrt(Math.max(0, value - mean[k]! ** 2)) || 1);
  return (rows) => {
    const out = new Float64Array(rows.length * columns);
    rows.forEach((row, i) => {
      for (let k = 0; k < columns; k++) out[i * columns + k] = (values[row * columns + k]! - mean[k]!) / deviation[k]!;
    });
    return { values: out, rows: rows.length, columns };
  };
}

/** What the probes of one finding say, and what is so. */
export interface Probed {
  readonly column: Column;
  readonly said: readonly Uint8Array[];
}

/** F1 × 100 of some texts (with repetitions) for each seed: the harmonic mean of precision and recall, 0 where nothing is found. */
export function f1OfSeeds({ column, said }: Probed, rows: ArrayLike<number>): number[] {
  return said.map((own) => {
    let [hits, wrong] = [0, 0];
    for (let r = 0; r < rows.length; r++) {
      const i = rows[r]!;
      const answer = own[i]!;
      if (answer === 255) continue;
      if (answer !== column[i]) wrong++;
      else if (answer === 1) hits++;
    }
    return hits + wrong === 0 ? Number.NaN : (200 * hits) / (2 * hits + wrong);
  });
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The mean over findings of the mean over seeds: macro F1 × 100. */
export const macroF1 = (probed: readonly Probed[], rows: ArrayLike<number>): number =>
  mean(probed.map((one) => mean(f1OfSeeds(one, rows))));

export interface F1 {
  /** Over the test texts: 1.96 deviations of the bootstrap's draws, whose F1 is lower than the texts' own where a finding is rare. */
  readonly texts: Estimate;
  /** Over seeds of the division of patients: Student's interval. */
  readonly seeds: Estimate;
}

const within100 = (estimate: Estimate): Estimate => ({ ...estimate, high: Math.min(100, estimate.high) });

/** Macro F1 × 100 of findings, or F1 of one, with both intervals. Pass the same key for figures that are compared. */
export function f1Of(probed: readonly Probed[], key: Key, draws: number): F1 {
  const texts = probed[0]!.column.length;
  const all = Int32Array.from({ length: texts }, (_, i) => i);
  const bySeed = probed.map((one) => f1OfSeeds(one, all));
  return {
    texts: within100(bootstrapError(texts, (rows) => macroF1(probed, rows), { key, draws })),
    seeds: overSeeds(bySeed[0]!.map((_, seed) => mean(bySeed.map((values) => values[seed]!)))),
  };
}

/** Macro F1 × 100 after, less that before, of the same draws of texts. */
export function f1Change(before: readonly Probed[], after: readonly Probed[], key: Key, draws: number): Estimate {
  return bootstrap(before[0]!.column.length, (rows) => macroF1(after, rows) - macroF1(before, rows), { key, draws });
}

/** F1 × 100 of a probe that says "present" of every text. */
export function f1OfAlways(column: Column, splits: readonly ProbeSplit[]): number {
  return mean(
    splits.map(({ test }) => {
      const positive = test.reduce((sum, i) => sum + column[i]!, 0);
      return (200 * positive) / (positive + test.length);
    }),
  );
}

/** What became of edited images: the paper's measures, and those that only exact counterfactuals allow. */

import { ageCorrelation, cmig, groupAuc, measureEdits, pathologyAuc } from '../../systems';
import { bootstrapAll, type Draws, type Estimate } from '../estimate';
import type { Readings } from './instruments';
import type { JourneyTruth } from './truth';

/** Measures in the order of the tables. */
export const MEASURES = {
  'pathology AUC': 'of the findings of the later study by the classifier, the mean over findings, hundredths',
  'sex AUC': 'of the patient’s sex as it is read from the image, hundredths; the paper has race here, which the phantom does not have',
  'age r': 'Pearson’s correlation of the patient’s age and of what is read from the image, hundredths',
  CMIG: '√(pathology AUC · √(sex AUC · age r)), hundredths; 0 where r ≤ 0',
  identified: 'whether the image correlates more with its own prior than with that of any other patient, hundredths',
  'error of the change':
    'mean absolute error to the exact counterfactual where that differs from the prior by 0.02 or more, greys from 0 to 1',
  'error elsewhere': 'the same over all other pixels',
  'lung Dice': 'of the lungs that are found in the image and the exact lungs of the prior image, hundredths',
  'label KL':
    'Kullback–Leibler divergence of the classifier’s findings of the image from those of the exact counterfactual, nats over all findings',
} as const;

export type Measure = keyof typeof MEASURES;
const NAMES = Object.keys(MEASURES) as Measure[];

/** Of each image. */
export interface Measured {
  readonly readings: Readings;
  readonly change: Float64Array;
  readonly still: Float64Array;
  readonly identified: Float64Array;
  readonly dice: Float64Array;
  readonly kl: Float64Array;
}

/** Probabilities are kept this far from 0 and 1. */
const CERTAIN = 1e-3;
const within = (p: number): number => Math.min(1 - CERTAIN, Math.max(CERTAIN, p));

/** Σ p log(p/q) + (1 − p) log((1 − p)/(1 − q)) over findings that are there or not, each by itself; q's from p's. */
export function labelDivergence(p: ArrayLike<number>, q: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < p.length; k++) {
    const [a, b] = [within(p[k]!), within(q[k]!)];
    sum += a * Math.log(a / b) + (1 - a) * Math.log((1 - a) / (1 - b));
  }
  return sum;
}

/** 2 |A ∩ B| / (|A| + |B|); 1 where both are empty. */
export function dice(a: Uint8Array, b: Uint8Array): number {
  let [both, all] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i]! & b[i]!;
    all += a[i]! + b[i]!;
  }
  return all === 0 ? 1 : (2 * both) / all;
}

/** @param reference what the networks say of the exact counterfactuals */
export function measureImages(truth: JourneyTruth, results: Float32Array, readings: Readings, reference: Readings): Measured {
  const { size, count, priors, exact, patients, lungs } = truth;
  const area = size * size;
  const { changeError, stillError, identified } = measureEdits({ results, priors, exact, area }, patients);
  const of = (masks: Uint8Array, i: number): Uint8Array => masks.subarray(i * area, (i + 1) * area);
  return {
    readings,
    change: changeError,
    still: stillError,
    identified,
    dice: Float64Array.from({ length: count }, (_, i) => dice(of(readings.lungs, i), of(lungs, i))),
    kl: Float64Array.from({ length: count }, (_, i) => labelDivergence(reference.presence[i]!, readings.presence[i]!)),
  };
}

/** The mean over some images, those left out of which there is no number. */
function mean(values: Float64Array, rows: ArrayLike<number>): number {
  let [sum, known] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i]!]!;
    if (Number.isNaN(value)) continue;
    sum += value;
    known++;
  }
  return sum / known;
}

/** All measures of some images, in the order of `MEASURES`. */
export function valuesOf({ labels, male, ages }: JourneyTruth, measured: Measured, rows: Int32Array): number[] {
  const { readings, change, still, identified, dice: overlap, kl } = measured;
  const chosen = <T>(of: ArrayLike<T>): T[] => Array.from(rows, (i) => of[i]!);
  const components = {
    pathologyAuc: pathologyAuc(chosen(labels), chosen(readings.presence)).mean,
    groupAuc: groupAuc(
      chosen(male),
      chosen(readings.male).map((p) => [1 - p, p]),
    ).mean,
    ageCorrelation: ageCorrelation(chosen(ages), chosen(readings.age)),
  };
  return [
    100 * components.pathologyAuc,
    100 * components.groupAuc,
    100 * components.ageCorrelation,
    100 * cmig(components),
    100 * mean(identified, rows),
    mean(change, rows),
    mean(still, rows),
    100 * mean(overlap, rows),
    mean(kl, rows),
  ];
}

/** The measures, each with its bootstrap interval over images. */
export function estimatesOf(truth: JourneyTruth, measured: Measured, draws: Draws): Record<Measure, Estimate> {
  const estimates = bootstrapAll(truth.count, (rows) => valuesOf(truth, measured, rows), draws);
  return Object.fromEntries(NAMES.map((name, i) => [name, estimates[i]!])) as Record<Measure, Estimate>;
}

/** The first images' measures less the second's, of the same journeys drawn together. */
export function differencesOf(truth: JourneyTruth, first: Measured, second: Measured, draws: Draws): Record<Measure, Estimate> {
  const estimates = bootstrapAll(
    truth.count,
    (rows) => {
      const other = valuesOf(truth, second, rows);
      return valuesOf(truth, first, rows).map((value, i) => value - other[i]!);
    },
    draws,
  );
  return Object.fromEntries(NAMES.map((name, i) => [name, estimates[i]!])) as Record<Measure, Estimate>;
}

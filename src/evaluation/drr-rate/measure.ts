/** How well labels are told: AUROC and average precision, with intervals over patients, whose images are not independent. */

import { auroc, averagePrecision } from '../../metrics';
import { commonLabels, type DomainImages } from '../../systems';
import { bootstrap, bootstrapAll, bootstrapOfBoth, type Draws, type Estimate } from '../estimate';

/** What a network says of images. */
export interface Scored {
  readonly images: DomainImages['images'];
  readonly labels: readonly string[];
  /** [images, labels], row-major. */
  readonly scores: ArrayLike<number>;
}

export interface MeasuredLabel {
  readonly label: string;
  readonly auroc: Estimate;
  readonly averagePrecision: Estimate;
  readonly prevalence: number;
}

/** The name of the mean over `commonLabels`. */
export const MEAN = 'mean of the six';

/** The rows of each patient. */
function patientsOf({ images }: Scored): number[][] {
  const rows = new Map<string, number[]>();
  images.forEach(({ patient }, i) => {
    const own = rows.get(patient);
    if (own) own.push(i);
    else rows.set(patient, [i]);
  });
  return [...rows.values()];
}

type Statistic = (scores: number[], known: number[]) => number;

/** A label's measure on some images; NaN where it is not among the network's or not known. */
function measureOn({ images, labels, scores }: Scored, label: string, rows: readonly number[], statistic: Statistic): number {
  const column = labels.indexOf(label);
  const known = rows.filter((i) => images[i]!.labels[label] !== undefined);
  const truth = known.map((i) => images[i]!.labels[label]!);
  if (column < 0 || !truth.includes(1) || !truth.includes(0)) return Number.NaN;
  return statistic(
    known.map((i) => scores[i * labels.length + column]!),
    truth,
  );
}

const meanOf = (values: readonly number[]): number => {
  const finite = values.filter(Number.isFinite);
  return finite.reduce((a, b) => a + b, 0) / finite.length;
};

/** The mean AUROC of labels on some images. */
const meanAuroc = (scored: Scored, labels: readonly string[], rows: readonly number[]): number =>
  meanOf(labels.map((label) => measureOn(scored, label, rows, auroc)));

/** All labels that both network and images have with both classes, and the mean of those that DRR-RATE and CheXpert share. */
export function measureLabels(scored: Scored, { key, draws }: Draws): MeasuredLabel[] {
  const patients = patientsOf(scored);
  const all = scored.images.map((_, i) => i);
  const labels = scored.labels.filter((label) => Number.isFinite(measureOn(scored, label, all, auroc)));
  const estimates = (statistic: Statistic): Estimate[] =>
    bootstrapAll(
      patients.length,
      (drawn) => {
        const rows = Array.from(drawn).flatMap((n) => patients[n]!);
        const values = labels.map((label) => measureOn(scored, label, rows, statistic));
        return [...values, meanOf(values.filter((_, i) => commonLabels.includes(labels[i]!)))];
      },
      { key, draws },
    );
  const [areas, precisions] = [estimates(auroc), estimates(averagePrecision)];
  return [...labels, MEAN].map((label, i) => {
    const known = scored.images.flatMap((image) => image.labels[label] ?? []);
    const prevalence = label === MEAN ? Number.NaN : known.filter((value) => value === 1).length / known.length;
    return { label, auroc: areas[i]!, averagePrecision: precisions[i]!, prevalence };
  });
}

/** One network's mean AUROC less another's on the same images. */
export function differenceOn(a: Scored, b: Scored, draws: Draws, labels: readonly string[] = commonLabels): Estimate {
  const patients = patientsOf(a);
  return bootstrap(
    patients.length,
    (drawn) => {
      const rows = Array.from(drawn).flatMap((n) => patients[n]!);
      return meanAuroc(a, labels, rows) - meanAuroc(b, labels, rows);
    },
    draws,
  );
}

/** The mean AUROC on one set less that on another. */
export function differenceOfSets(a: Scored, b: Scored, draws: Draws, labels: readonly string[] = commonLabels): Estimate {
  const [first, second] = [patientsOf(a), patientsOf(b)];
  return bootstrapOfBoth(
    [first.length, second.length],
    (one, other) =>
      meanAuroc(a, labels, Array.from(one).flatMap((n) => first[n]!)) - meanAuroc(b, labels, Array.from(other).flatMap((n) => second[n]!)), // biome-ignore format: two sides
    draws,
  );
}

/** How much better one network tells some labels than others, on the same images. */
export function differenceOfLabels(scored: Scored, draws: Draws, one: readonly string[], other: readonly string[]): Estimate {
  const patients = patientsOf(scored);
  return bootstrap(
    patients.length,
    (drawn) => {
      const rows = Array.from(drawn).flatMap((n) => patients[n]!);
      return meanAuroc(scored, one, rows) - meanAuroc(scored, other, rows);
    },
    draws,
  );
}

/** The mean AUROC on some of the images, without an interval. */
export const meanAurocOn = (scored: Scored, rows: Iterable<number>): number => meanAuroc(scored, commonLabels, [...rows]);

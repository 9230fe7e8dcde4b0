/** What a classifier's probabilities of one set of images come to: AUROC and calibration by label, and their means. */

import { foldIn, type Key } from '../../engine';
import { brierScore, calibrationError } from '../../metrics';
import { bootstrap, bootstrapAll, bootstrapError, type Estimate, shareOf } from '../estimate';
import type { ImageSet } from '../image-set';
import { aurocOfDraws } from './auroc-of-draws';
import { canonicalLabel, FILTERED, type MatchedLabel } from './labels';

/** A label's probabilities and truths in one set. */
export interface LabelColumn {
  readonly label: string;
  /** Of presence, one an image. */
  readonly probabilities: Float32Array;
  /** 1 present, 0 absent, -1 unknown. */
  readonly truth: Int8Array;
}

/** Of each label what the classifier says of a set's images, and what is so; a label that a record does not have is unknown. */
export function labelColumns(
  matched: readonly MatchedLabel[],
  probabilities: readonly Float32Array[],
  { records }: ImageSet,
): LabelColumn[] {
  return matched.map(({ label, output }) => ({
    label,
    probabilities: probabilities[output]!.filter((_, i) => i % 2 === 1),
    truth: Int8Array.from(records, ({ labels }) => labels[label] ?? -1),
  }));
}

export interface LabelMeasure {
  readonly label: string;
  readonly positives: number;
  readonly negatives: number;
  /** null where fewer than `LEAST` images are of one class: its interval would not know that. */
  readonly auroc: Estimate | null;
  /** Expected calibration error; null where no image's label is known. */
  readonly ece: Estimate | null;
  readonly brier: Estimate | null;
}

export interface MeanMeasure {
  /** Labels that the mean is of. */
  readonly labels: readonly string[];
  /** null where there is none. */
  readonly auroc: Estimate | null;
}

/** A bin of the reliability diagram. */
export interface ReliabilityBin {
  readonly predicted: number;
  readonly observed: Estimate;
  readonly count: number;
}

export interface SetMeasure {
  readonly labels: readonly LabelMeasure[];
  readonly filtered: MeanMeasure;
  readonly all: MeanMeasure;
  /** Of all labels together. */
  readonly ece: Estimate | null;
  readonly brier: Estimate | null;
  readonly reliability: readonly ReliabilityBin[];
}

/** A set of images as the classifier sees it. */
export interface ClassifiedImages extends SetMeasure {
  /** A model's name, or of real images. */
  readonly set: string;
  readonly images: number;
}

/** Bins of equal width, for the calibration error and the diagram. */
export const BINS = 10;
/** Images of either class that an AUROC is given for. */
export const LEAST = 5;
/** Draws of what grows where cases repeat. */
export const ERROR_DRAWS = 200;

const filteredNames = FILTERED.map(canonicalLabel);

/** Measures a set; intervals are over its images. */
export function measureSet(columns: readonly LabelColumn[], { key, draws }: { readonly key: Key; readonly draws: number }): SetMeasure {
  const images = columns[0]?.truth.length ?? 0;
  const areas = columns.map(({ probabilities, truth }) => aurocOfDraws(probabilities, truth));
  const counts = columns.map(({ truth }) => ({
    positives: truth.filter((value) => value === 1).length,
    negatives: truth.filter((value) => value === 0).length,
  }));
  const hasBoth = counts.map(({ positives, negatives }) => Math.min(positives, negatives) >= LEAST);
  const groups = groupsOf(columns, hasBoth);
  const estimates = bootstrapAll(
    images,
    (rows) => {
      const each = areas.map((area) => area(rows));
      return [...each, ...groups.map((group) => meanOf(each, group))];
    },
    { key, draws },
  );
  const mean = (group: number): MeanMeasure => ({
    labels: groups[group]!.map((c) => columns[c]!.label),
    auroc: groups[group]!.length === 0 ? null : estimates[columns.length + group]!,
  });
  const pooled = calibration(columns, images, foldIn(key, 1));
  return {
    labels: columns.map((column, c) => ({
      label: column.label,
      ...counts[c]!,
      auroc: hasBoth[c] ? estimates[c]! : null,
      ...calibration([column], images, foldIn(key, 2 + c)),
    })),
    all: mean(0),
    filtered: mean(1),
    ...pooled,
    reliability: reliability(columns),
  };
}

/** Labels of the mean of all, and of the filtered one, by their numbers. */
function groupsOf(columns: readonly LabelColumn[], hasBoth: readonly boolean[]): [all: number[], filtered: number[]] {
  const all = columns.map((_, c) => c).filter((c) => hasBoth[c]);
  return [all, all.filter((c) => filteredNames.includes(canonicalLabel(columns[c]!.label)))];
}

const meanOf = (values: readonly number[], group: readonly number[]): number =>
  group.reduce((sum, c) => sum + values[c]!, 0) / group.length;

/** Differences of two sets' mean AUROCs; null where a mean is of no label. */
export interface MeanDifference {
  readonly all: Estimate | null;
  readonly filtered: Estimate | null;
}

/** The first set's means less the second's, of images of the same texts: both are drawn together, so that what texts have in common does not count. */
export function meanDifference(
  first: readonly LabelColumn[],
  second: readonly LabelColumn[],
  options: { readonly key: Key; readonly draws: number },
): MeanDifference {
  const areas = [first, second].map((columns) => columns.map(({ probabilities, truth }) => aurocOfDraws(probabilities, truth)));
  const hasBoth = first.map(({ truth }) => [0, 1].every((value) => truth.filter((each) => each === value).length >= LEAST));
  const groups = groupsOf(first, hasBoth);
  const [all, filtered] = bootstrapAll(
    first[0]?.truth.length ?? 0,
    (rows) => {
      const [a, b] = areas.map((set) => set.map((area) => area(rows))) as [number[], number[]];
      return groups.map((group) => meanOf(a, group) - meanOf(b, group));
    },
    options,
  ) as [Estimate, Estimate];
  return { all: groups[0].length === 0 ? null : all, filtered: groups[1].length === 0 ? null : filtered };
}

/** Of images drawn with all their labels. */
function calibration(columns: readonly LabelColumn[], images: number, key: Key): Pick<SetMeasure, 'ece' | 'brier'> {
  if (columns.every(({ truth }) => truth.every((value) => value < 0))) return { ece: null, brier: null };
  const over =
    (measure: (p: number[], y: number[]) => number) =>
    (rows: Int32Array): number => {
      const [p, y]: [number[], number[]] = [[], []];
      for (const { probabilities, truth } of columns)
        for (const row of rows)
          if (truth[row]! >= 0) {
            p.push(probabilities[row]!);
            y.push(truth[row]!);
          }
      return p.length === 0 ? Number.NaN : measure(p, y);
    };
  return {
    ece: bootstrapError(
      images,
      over((p, y) => calibrationError(p, y, BINS).expected),
      { key, draws: ERROR_DRAWS },
    ),
    brier: bootstrap(images, over(brierScore), { key, draws: ERROR_DRAWS }),
  };
}

function reliability(columns: readonly LabelColumn[]): ReliabilityBin[] {
  const bins = Array.from({ length: BINS }, () => ({ sum: 0, hits: 0, count: 0 }));
  for (const { probabilities, truth } of columns)
    truth.forEach((value, i) => {
      if (value < 0) return;
      const bin = bins[Math.min(BINS - 1, Math.floor(probabilities[i]! * BINS))]!;
      bin.sum += probabilities[i]!;
      bin.hits += value;
      bin.count++;
    });
  return bins
    .filter(({ count }) => count > 0)
    .map(({ sum, hits, count }) => ({ predicted: sum / count, observed: shareOf(hits, count), count }));
}

/** Whether images show what was asked for: AUROC per finding, and whether the side asked for is the side shown. */

import type { ImageRecord } from '../datasets';
import { auroc } from './auroc';
import type { ClassifierConfig } from './classifier';
import { type Classified, type Classifier, classify } from './classify';
import { type Features, frechetDistance } from './frechet';

/** Labels of one image, as datasets give them. */
export type Labelled = Pick<ImageRecord, 'labels' | 'sides'>;

/** AUROC by finding, and their mean over the findings that have both classes. */
export type AurocByFinding = Readonly<Record<string, number>>;

/** Share of images with the side asked for, by finding, and over all of them together. */
export interface SideAccuracy {
  /** null where no side was asked for. */
  readonly all: number | null;
  readonly byFinding: Readonly<Record<string, number>>;
  /** How many sided findings were asked for. */
  readonly count: number;
}

/**
 * AUROC of the classifier's probabilities against the labels of the prompts (or, for real images, of the records).
 *
 * @returns by finding, and as `mean`; findings without both classes are left out, and nothing is returned where all of them are
 */
export function aurocByFinding(config: ClassifierConfig, { presence }: Classified, records: readonly Labelled[]): AurocByFinding {
  const aurocs: Record<string, number> = {};
  const F = config.findings.length;
  config.findings.forEach((finding, f) => {
    const labelled = records.map((_, i) => i).filter((i) => records[i]!.labels[finding] !== undefined);
    const area = auroc(
      labelled.map((i) => presence[i * F + f]!),
      labelled.map((i) => records[i]!.labels[finding]!),
    );
    if (!Number.isNaN(area)) aurocs[finding] = area;
  });
  const values = Object.values(aurocs);
  return values.length === 0 ? {} : { ...aurocs, mean: values.reduce((sum, value) => sum + value, 0) / values.length };
}

/**
 * The side on which the classifier sees a finding, whether or not it sees the finding.
 *
 * @param image number of the image
 * @throws RangeError where the classifier knows no sides of that finding
 */
export function sideShown({ sided }: ClassifierConfig, { right }: Classified, image: number, finding: string): 'left' | 'right' {
  const f = sided.indexOf(finding);
  if (f < 0) throw new RangeError(`sideShown: finding: expected one of ${sided.join(', ')}, got ${finding}`);
  return right[image * sided.length + f]! > 0.5 ? 'right' : 'left';
}

/** Share of the sided findings asked for that the classifier sees on the side asked for. */
export function sideAccuracy(config: ClassifierConfig, classified: Classified, records: readonly Labelled[]): SideAccuracy {
  const byFinding: Record<string, number> = {};
  let [hits, count] = [0, 0];
  for (const finding of config.sided) {
    const sided = records.map((_, i) => i).filter((i) => records[i]!.sides[finding] !== undefined);
    const correct = sided.filter((i) => sideShown(config, classified, i, finding) === records[i]!.sides[finding]).length;
    if (sided.length > 0) byFinding[finding] = correct / sided.length;
    hits += correct;
    count += sided.length;
  }
  return { all: count > 0 ? hits / count : null, byFinding, count };
}

/** What the classifier makes of a set of images. */
export interface Judgement {
  /** Fréchet distance to the reference, in the classifier's features. */
  readonly fid: number;
  readonly auroc: AurocByFinding;
  readonly side: SideAccuracy;
  /** What it says of each image. */
  readonly seen: Classified;
}

/**
 * Measures images against what was asked for and against real ones.
 *
 * @param images    grey images of the classifier's size, one for each record
 * @param records   labels and sides of their prompts
 * @param reference features of real images
 */
export function judge(
  classifier: Classifier,
  images: readonly { readonly pixels: Float32Array }[],
  records: readonly Labelled[],
  reference: Features,
): Judgement {
  const area = classifier.config.size ** 2;
  const pixels = new Float32Array(images.length * area);
  images.forEach((image, i) => {
    if (image.pixels.length !== area)
      throw new RangeError(`judge: picture ${i} has ${image.pixels.length} values, the classifier sees ${area}`);
    pixels.set(image.pixels, i * area);
  });
  const seen = classify(classifier, pixels);
  return {
    fid: frechetDistance(seen.features, reference),
    auroc: aurocByFinding(classifier.config, seen, records),
    side: sideAccuracy(classifier.config, seen, records),
    seen,
  };
}

/** The measures between two sets of features that are put to the test, as plain numbers. */

import { foldIn, type Key } from '../../engine';
import { nextTurn, permutation } from '../../engine/internal';
import { type Features, frechetDistance, kernelDistance, manifoldMeasures } from '../../metrics';
import type { Estimate } from '../estimate';
import { twoSampleTestOfFeatures } from '../networks/two-sample';
import { chosenRows, rowsByName } from '../rows';

/** Neighbours of precision, recall, density and coverage, as in their papers. */
const NEIGHBOURS = 5;

export interface Measure {
  readonly name: string;
  readonly definition: string;
  /** 1 where a larger value is worse, -1 where a smaller is. */
  readonly worse: 1 | -1;
}

const FEATURE_MEASURES = {
  FID: { worse: 1, definition: 'Fréchet distance of features (Heusel et al. 2017), in float64 (v1)' },
  KID: { worse: 1, definition: 'squared maximum mean discrepancy of features, cubic kernel, without bias (Bińkowski et al. 2018) (v1)' },
  precision: { worse: -1, definition: `share of images within the ${NEIGHBOURS} nearest of a real one (Kynkäänniemi et al. 2019) (v1)` },
  recall: { worse: -1, definition: `share of real images within the ${NEIGHBOURS} nearest of an image (Kynkäänniemi et al. 2019) (v1)` },
  density: { worse: -1, definition: `in how many real images' balls an image lies, over ${NEIGHBOURS} (Naeem et al. 2020) (v1)` },
  coverage: { worse: -1, definition: "share of real images' balls that hold an image (Naeem et al. 2020) (v1)" },
  'two-sample test': {
    worse: 1,
    definition:
      'share of images that a logistic regression on features tells right, not having been fitted to them; 0.5 is chance (Lopez-Paz and Oquab 2017) (v1)',
  },
} as const;

/** Those within 0 and 1. */
const SHARES: ReadonlySet<string> = new Set(['precision', 'recall', 'coverage', 'two-sample test']);

type Values = Record<keyof typeof FEATURE_MEASURES, number>;

/** Those of features. */
export const featureMeasures: readonly Measure[] = Object.entries(FEATURE_MEASURES).map(([name, about]) => ({ name, ...about }));

/** That of pixels. */
export const pixelMeasure: Measure = {
  name: 'two-sample network',
  worse: 1,
  definition:
    'share of images that a convolutional network of random weights tells right, trained on the other half of both sets; 0.5 is chance (Lopez-Paz and Oquab 2017) (v1)',
};

async function measured(
  real: Features,
  images: Features,
  groups: readonly [readonly string[], readonly string[]],
  key: Key,
): Promise<Values> {
  const { accuracy } = await twoSampleTestOfFeatures(real, images, { key, groups });
  return {
    FID: frechetDistance(real, images),
    KID: kernelDistance(real, images),
    ...manifoldMeasures(real, images, NEIGHBOURS),
    'two-sample test': accuracy.value,
  };
}

/** Images in two parts of other patients, equally many: their rows. */
export interface Halves {
  readonly first: readonly number[];
  readonly second: readonly number[];
}

/**
 * Rows of `count` images of as many patients as can be, in the order of the rows: images of one patient are alike, so that few patients make halves differ.
 */
export function spreadRows(patients: readonly string[], count: number): number[] {
  const seen = new Map<string, number>();
  const turn = patients.map((patient) => {
    const before = seen.get(patient) ?? 0;
    seen.set(patient, before + 1);
    return before;
  });
  const order = patients.map((_, i) => i).sort((a, b) => turn[a]! - turn[b]! || a - b);
  return order.slice(0, count).sort((a, b) => a - b);
}

/**
 * Divides images by patient.
 *
 * @throws RangeError where a half has fewer than 8
 */
export function halvesOf(patients: readonly string[], key: Key): Halves {
  const rows = rowsByName(patients);
  const order = [...rows.keys()].sort();
  const [first, second]: [number[], number[]] = [[], []];
  for (const i of permutation(key, order.length)) (first.length <= second.length ? first : second).push(...rows.get(order[i]!)!);
  const count = Math.min(first.length, second.length);
  if (count < 8)
    throw new RangeError(`halves: ${patients.length} images of ${order.length} patients: expected 8 images in each half at least`);
  return { first: first.slice(0, count), second: second.slice(0, count) };
}

/** The mean over halves, and 1.96 standard deviations on both sides: where the values of 95% of such halves lie. Shares are within 0 and 1. */
function spread(values: readonly number[], share: boolean): Estimate {
  const value = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, each) => sum + (each - value) ** 2, 0);
  const reach = 1.96 * Math.sqrt(squares / Math.max(1, values.length - 1));
  const [least, most] = share ? [0, 1] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return { value, low: Math.max(least, value - reach), high: Math.min(most, value + reach) };
}

/** Features of images with what is kept together: the patient, or where there is none each image's own name. */
export interface GroupedFeatures {
  readonly features: Features;
  readonly groups: readonly string[];
}

/**
 * All measures between the first halves of real images and rows of other images.
 *
 * @param rowsOf which rows of `images` a half is measured against; the half is cut to as many
 */
export async function overHalves(
  real: GroupedFeatures,
  images: GroupedFeatures,
  halves: readonly Halves[],
  rowsOf: (half: Halves, index: number) => readonly number[],
  key: Key,
): Promise<Readonly<Record<string, Estimate>>> {
  const values: Values[] = [];
  for (const [i, half] of halves.entries()) {
    const others = rowsOf(half, i);
    const first = half.first.slice(0, others.length);
    const groups = [first.map((row) => real.groups[row]!), others.map((row) => images.groups[row]!)] as const;
    values.push(await measured(chosenRows(real.features, first), chosenRows(images.features, others), groups, foldIn(key, i)));
    await nextTurn();
  }
  return Object.fromEntries(
    featureMeasures.map(({ name }) => [
      name,
      spread(
        values.map((one) => one[name as keyof Values]),
        SHARES.has(name),
      ),
    ]),
  );
}

/** Rows drawn for each half, as many as it has, of images that have no halves. */
export function drawnRows(rows: number, halves: readonly Halves[], key: Key): number[][] {
  return halves.map(({ first }, i) => Array.from(permutation(foldIn(key, i), rows).slice(0, first.length)));
}

/** Which images the classifiers of Table 5 are trained on: the paper's ratios, at the number of real images that counts as few here. */

import type { ImageRecord } from '../../datasets';
import { foldIn, type Key } from '../../engine';
import { permutation } from '../../engine/internal';
import { type Head, presenceHeads, UNKNOWN } from '../../training/internal';
import { canonicalLabel } from '../classification/labels';

/** An experiment of Table 5. */
export interface Experiment {
  /** Short, for tables: R for real, S for synthetic. */
  readonly name: string;
  /** The paper's name for it. */
  readonly paper: string;
  /** Images in multiples of the few. */
  readonly real: number;
  readonly synthetic: number;
}

/** The paper's many are 30,000 of 1,100. */
export const MANY = 27;

/** The experiments of the paper; the first is what others are compared with. */
export const EXPERIMENTS: readonly Experiment[] = [
  { name: 'R', paper: 'R (baseline)', real: 1, synthetic: 0 },
  { name: 'S', paper: '1.1k S', real: 0, synthetic: 1 },
  { name: 'R + S', paper: '1.1k R/S', real: 1, synthetic: 1 },
  { name: '5 S', paper: '5.5k S', real: 0, synthetic: 5 },
  { name: 'R + 5 S', paper: 'R + 5.5k S', real: 1, synthetic: 5 },
  { name: 'many R', paper: '30k R', real: MANY, synthetic: 0 },
  { name: 'many S', paper: '30k S', real: 0, synthetic: MANY },
  { name: 'many R + many S', paper: '30k R/S', real: MANY, synthetic: MANY },
];

/** The labels of section 7; "No Finding" is that a record has none of its known labels. */
const LABELS: readonly string[] = ['cardiomegaly', 'edema', 'effusion', 'pneumonia', 'pneumothorax'];
const NO_FINDING = 'no finding';

/** The questions of Table 5's classifiers, and their answers. */
export interface Task {
  readonly heads: readonly Head[];
  /** Of records, [records, heads]; -1 where it is not known. */
  answers(records: readonly Pick<ImageRecord, 'labels'>[]): Int8Array;
}

/**
 * The paper's six labels as far as the data have them; all labels of the data where they have fewer than two of them.
 *
 * @param findings of the data
 */
export function taskOf(findings: readonly string[]): Task {
  const own = findings.filter((finding) => LABELS.includes(canonicalLabel(finding)));
  const asked = own.length < 2 ? findings.filter((finding) => canonicalLabel(finding) !== NO_FINDING) : own;
  const given = findings.find((finding) => canonicalLabel(finding) === NO_FINDING);
  const heads = presenceHeads([...asked, given ?? NO_FINDING]);
  const nothing = (labels: ImageRecord['labels']): number => {
    if (given !== undefined) return labels[given] ?? UNKNOWN;
    const values = findings.map((finding) => labels[finding]);
    return values.includes(1) ? 0 : values.every((value) => value === 0) ? 1 : UNKNOWN;
  };
  return {
    heads,
    answers: (records) =>
      Int8Array.from(records.flatMap(({ labels }) => [...asked.map((finding) => labels[finding] ?? UNKNOWN), nothing(labels)])),
  };
}

/**
 * Rows to train on: some of the real ones and some of the synthetic ones, whose numbers follow after all real ones. Larger experiments of a seed hold
 * the images of smaller ones.
 *
 * @param pool     rows of real images to draw from
 * @param real     images that there are in all
 * @param synthetic images that there are in all
 */
export function rowsOfExperiment(
  { real, synthetic }: Experiment,
  few: number,
  sizes: { readonly pool: Int32Array; readonly real: number; readonly synthetic: number },
  key: Key,
): Int32Array {
  const drawn = (from: Key, length: number, count: number): number[] => Array.from(permutation(from, length).subarray(0, count));
  const reals = drawn(foldIn(key, 0), sizes.pool.length, real * few).map((i) => sizes.pool[i]!);
  const synthetics = drawn(foldIn(key, 1), sizes.synthetic, synthetic * few).map((i) => sizes.real + i);
  return Int32Array.from([...reals, ...synthetics]);
}

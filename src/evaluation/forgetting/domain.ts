/** A domain whose images and prompts a model is asked for: what the pictures that it makes are measured against. */

import type { Dataset, ImageRecord } from '../../datasets';
import { dispose } from '../../engine';
import { keptClassifier, type Recipe } from '../../experiments';
import { readRange } from '../../files/internal';
import { auroc, type Classified, type Classifier, classify, type Features, frechetDistance } from '../../metrics';
import type { Bench } from '../bench';
import { bootstrap, bootstrapError, type Estimate } from '../estimate';
import type { ImageSet } from '../image-set';
import { chosenRows } from '../rows';

export interface Domain {
  readonly name: 'old' | 'new';
  /** As `Bench.data` has it. */
  readonly data: string;
  /** Real images of other patients or scenes, and their texts, which are the prompts. */
  readonly real: ImageSet;
  /** More of them, the first the same: what denoising is measured on. */
  readonly tested: ImageSet;
  readonly classifier: Classifier;
  /** Whether the classifier is the domain's own: else it gives features and no accuracy. */
  readonly labelled: boolean;
  readonly reference: Features;
}

/** Steps of a classifier that is to be quick. */
const QUICK_STEPS = 150;

/** The classifier of a dataset with labels, trained on its training part and kept; undefined where there are no labels. The caller disposes it. */
export async function classifierOf(bench: Bench, train: Dataset): Promise<Classifier | undefined> {
  const labelled = train.findings.some((finding) => {
    const values = new Set(Array.from({ length: train.length }, (_, i) => train.record(i).labels[finding]));
    return values.has(0) && values.has(1);
  });
  if (!labelled) return undefined;
  const { classifier } = bench.recipe;
  const recipe: Recipe = bench.quick
    ? { ...bench.recipe, classifier: { ...classifier, optimisation: { ...classifier.optimisation, steps: QUICK_STEPS } } }
    : bench.recipe;
  return keptClassifier(recipe, train, {
    ...(bench.signal && { signal: bench.signal }),
    onStep: ({ step, steps }) => bench.progress(`classifier of ${train.name}`, step, steps),
  });
}

/** @param classifier the domain's own, where `labelled`; else another one, in whose features pictures are compared */
export async function domainOf(domain: Omit<Domain, 'reference'>): Promise<Domain> {
  const { classifier, real } = domain;
  const seen = classify(classifier, await readRange(real.pixels, 0, real.pixels.length));
  return { ...domain, reference: seen.features };
}

export const disposeDomains = (...domains: readonly Domain[]): void =>
  dispose(...new Set(domains.map(({ classifier }) => classifier.params)));

/** What pictures of a domain's prompts are like. */
export interface Pictured {
  readonly fid: Estimate;
  /** Mean AUROC over findings with both classes; null without labels. */
  readonly auroc: Estimate | null;
  /** Of the findings that prompts name, the share among the classifier's highest as many; null without labels. */
  readonly accuracy: Estimate | null;
  /** What the classifier sees, for comparisons of the same prompts. */
  readonly seen: Classified;
  readonly records: readonly ImageRecord[];
}

/** Measures pictures of the domain's prompts, in their order. */
export async function pictured(
  { classifier, reference, labelled }: Domain,
  set: ImageSet,
  options: { readonly key: Parameters<typeof bootstrap>[2]['key']; readonly quick: boolean },
): Promise<Pictured> {
  const { key, quick } = options;
  const seen = classify(classifier, await readRange(set.pixels, 0, set.pixels.length));
  const { records } = set;
  const n = records.length;
  const fid = bootstrapError(n, (rows) => frechetDistance(chosenRows(seen.features, rows), reference), { key, draws: quick ? 20 : 100 });
  if (!labelled) return { fid, auroc: null, accuracy: null, seen, records };
  const draws = quick ? 200 : 1000;
  return {
    fid,
    auroc: bootstrap(n, (rows) => meanAuroc(classifier, seen, records, rows), { key, draws }),
    accuracy: bootstrap(n, (rows) => namedFirst(classifier, seen, records, rows), { key, draws }),
    seen,
    records,
  };
}

/** The mean over findings of which the rows have both classes; NaN where there is none. */
export function meanAuroc(
  { config: { findings } }: Classifier,
  { presence }: Classified,
  records: readonly ImageRecord[],
  rows: Int32Array,
): number {
  const areas = findings
    .map((finding, f) => {
      const known = rows.filter((row) => records[row]!.labels[finding] !== undefined);
      return auroc(
        Array.from(known, (row) => presence[row * findings.length + f]!),
        Array.from(known, (row) => records[row]!.labels[finding]!),
      );
    })
    .filter((area) => !Number.isNaN(area));
  return areas.length === 0 ? Number.NaN : areas.reduce((a, b) => a + b, 0) / areas.length;
}

/** Of the findings that rows name, the share that is among as many of the classifier's most probable ones; NaN where none names any. */
export function namedFirst(
  { config: { findings } }: Classifier,
  { presence }: Classified,
  records: readonly ImageRecord[],
  rows: Int32Array,
): number {
  let [hits, named] = [0, 0];
  for (const row of rows) {
    const asked = findings.filter((finding) => records[row]!.labels[finding] === 1);
    const said = findings.map((finding, f) => ({ finding, p: presence[row * findings.length + f]! })).sort((a, b) => b.p - a.p);
    hits += said.slice(0, asked.length).filter(({ finding }) => asked.includes(finding)).length;
    named += asked.length;
  }
  return named === 0 ? Number.NaN : hits / named;
}

/** What adaptation makes a model forget (RoentGen, arXiv:2211.12737, section 8, figure 6): both domains along the steps, and remedies beside each other. */

import { openSplit } from '../../datasets';
import { recordsOf } from '../../datasets/internal';
import { dispose, foldIn, type Key, split } from '../../engine';
import { loadRecipe } from '../../experiments';
import type { Classifier } from '../../metrics';
import { disposeModel, type Model } from '../../pipelines';
import { adaptationSnapshots, type Snapshot, snapshotSteps } from '../adaptation';
import { type Bench, openEvaluated } from '../bench';
import { captionOf } from '../captions';
import { type Denoising, denoising, type NoisedSet, noisedSet } from '../denoising';
import { bootstrap, bootstrapMean, type Estimate, meanOver } from '../estimate';
import { generatedImages, realImages } from '../image-set';
import { classifierOf, type Domain, disposeDomains, domainOf, meanAuroc, type Pictured, pictured } from './domain';
import { type Drift, driftOf, type Weights, weightsOf } from './drift';
import type { ForgettingResult, ForgettingRow, RemedyRow, ShownPicture } from './rows';
import { showForgetting } from './shown';

export interface ForgettingOptions {
  /** Ways of adapting the first model, by their recipes: the first is the one that remedies are compared with. Defaults: `FORGETTING_RECIPES`, the first four where it is to be quick. */
  readonly recipes?: readonly string[];
  /** Steps of each training, and between looks at it (`snapshotSteps`). */
  readonly steps?: number;
  readonly every?: number;
  /** Data of the domain that the base comes from, as `openSplit` takes it; default `world`. */
  readonly old?: string;
  /** Pictures of each domain for a Fréchet distance and accuracy; by default one for each of the bench's prompts, 48 where it is to be quick. */
  readonly pictures?: number;
}

export const FORGETTING_RECIPES: readonly string[] = ['joint', 'unet-only', 'replay', 'ewc', 'lora', 'joint-low', 'distillation'];
const QUICK_RECIPES = 4;
const QUICK_PICTURES = 48;

/** What is known of one snapshot. */
interface Look {
  readonly recipe: string;
  readonly step: number;
  readonly losses: Readonly<Record<Domain['name'], Float64Array>>;
  readonly pictured?: Readonly<Record<Domain['name'], Pictured>>;
  readonly drift: readonly Drift[];
}

/** Children of the bench's key. */
const NOISE = 1701;
const BOOTSTRAP = 1702;
/** Real images on which denoising is measured. */
const DENOISED = 256;
const SHOWN_PROMPTS = 6;

/**
 * Adapts the bench's first model to its data by recipes, and measures at steps on the way what it still does in the domain that it comes from, and what it does in
 * the new one.
 *
 * @throws RangeError where a recipe exchanges networks; where there are fewer than 16 images of a domain; the signal's reason where it was raised
 */
export async function evaluateForgetting(bench: Bench, options: ForgettingOptions = {}): Promise<ForgettingResult> {
  const { quick } = bench;
  const { recipes: asked = quick ? FORGETTING_RECIPES.slice(0, QUICK_RECIPES) : FORGETTING_RECIPES, old = 'world' } = options;
  const loaded = await Promise.all(asked.map(loadRecipe));
  const recipes = loaded.map(({ name }) => name);
  if (recipes.length === 0) throw new RangeError('forgetting: recipes: expected one at least');
  const count = Math.min(options.pictures ?? (quick ? QUICK_PICTURES : bench.records.length), bench.records.length);
  const domains = await openDomains(bench, old, count);
  const looks: Look[] = [];
  const pictures: ShownPicture[] = [];
  try {
    const stage = await openStage(bench, domains);
    try {
      for (const [i, recipe] of loaded.entries()) {
        const snapshots = await adaptationSnapshots(bench, recipe, snapshotSteps(bench, recipe, options));
        for (const snapshot of snapshots) {
          if (snapshot.step === 0 && looks.length > 0) continue;
          // Where it is to be quick, the others' pictures are made at the end alone.
          const makes = !quick || i === 0 || snapshot === snapshots.at(-1);
          const { look, shown } = await lookAt(bench, stage, domains, snapshot, makes);
          looks.push(look);
          pictures.push(...shown);
        }
      }
    } finally {
      stage.denoising.dispose();
    }
    return showForgetting(bench, domains, { ...rowsOf(bench, domains, looks, recipes), pictures }, { recipes, old });
  } finally {
    disposeDomains(domains.old, domains.new);
  }
}

type Domains = Readonly<Record<Domain['name'], Domain>>;

async function openDomains(bench: Bench, data: string, count: number): Promise<Domains> {
  const counts = { ...bench.recipe.data, test: Math.max(DENOISED, count) };
  const [splitKey] = split(bench.key, 4) as [Key];
  const { train, test } = await openSplit({ data, counts, key: splitKey, size: bench.size, least: 2 });
  const oldBench: Bench = { ...bench, train, test, records: recordsOf(test, count), data };
  const classifiers: (Classifier | undefined)[] = [];
  try {
    classifiers.push(await classifierOf(oldBench, train), await classifierOf(bench, bench.train));
    return await domainsOf(oldBench, bench, count, classifiers);
  } catch (error) {
    dispose(...classifiers.map((classifier) => classifier?.params));
    throw error;
  }
}

async function domainsOf(
  oldBench: Bench,
  bench: Bench,
  count: number,
  [oldClassifier, newClassifier]: readonly (Classifier | undefined)[],
): Promise<Domains> {
  const either = oldClassifier ?? newClassifier;
  if (!either)
    throw new RangeError(
      `forgetting: neither ${oldBench.data} nor ${bench.data} has labels with both classes, so no classifier can be trained to measure pictures with`,
    );
  const open = async (name: Domain['name'], from: Bench, own: Classifier | undefined): Promise<Domain> =>
    domainOf({
      name,
      data: from.data,
      real: await realImages(from, 'test', count),
      tested: await realImages(from, 'test', DENOISED),
      classifier: own ?? either,
      labelled: own !== undefined,
    });
  return { old: await open('old', oldBench, oldClassifier), new: await open('new', bench, newClassifier) };
}

/** What all snapshots are measured with. */
interface Stage {
  readonly denoising: Denoising;
  readonly noised: Readonly<Record<Domain['name'], NoisedSet>>;
  readonly before: Weights;
}

async function openStage(bench: Bench, domains: Domains): Promise<Stage> {
  const model = await openEvaluated(bench.models[0]!);
  try {
    const noised = async ({ tested }: Domain, child: number): Promise<NoisedSet> =>
      noisedSet(model, tested.pixels, tested.records, bench.size, foldIn(foldIn(bench.key, NOISE), child));
    const sets = { old: await noised(domains.old, 0), new: await noised(domains.new, 1) };
    return { denoising: denoising(model), noised: sets, before: weightsOf(model) };
  } finally {
    disposeModel(model);
  }
}

async function lookAt(
  bench: Bench,
  { denoising: measure, noised, before }: Stage,
  domains: Domains,
  snapshot: Snapshot,
  makes: boolean,
): Promise<{ look: Look; shown: ShownPicture[] }> {
  const { recipe, step } = snapshot;
  const { losses, drift } = await withModel(snapshot, (model) => ({
    losses: { old: measure.losses(model, noised.old, bench.signal), new: measure.losses(model, noised.new, bench.signal) },
    drift: driftOf(before, weightsOf(model)),
  }));
  if (!makes) return { look: { recipe, step, losses, drift }, shown: [] };
  const key = foldIn(bench.key, BOOTSTRAP);
  const sets = {
    old: await generatedImages(bench, snapshot, { records: domains.old.real.records }),
    new: await generatedImages(bench, snapshot, { records: domains.new.real.records }),
  };
  const of = (name: Domain['name']): Promise<Pictured> => pictured(domains[name], sets[name], { key, quick: bench.quick });
  const shown: ShownPicture[] = [];
  const area = bench.size ** 2;
  const first = Math.min(SHOWN_PROMPTS, sets.old.records.length);
  const pixels = await sets.old.pixels.read(Int32Array.from({ length: first }, (_, i) => i));
  for (let i = 0; i < first; i++)
    shown.push({
      recipe,
      step,
      prompt: captionOf(domains.old, sets.old.records[i]!, i),
      pixels: pixels.slice(i * area, (i + 1) * area),
      size: bench.size,
    });
  return { look: { recipe, step, losses, drift, pictured: { old: await of('old'), new: await of('new') } }, shown };
}

async function withModel<T>(snapshot: Snapshot, fn: (model: Model) => T): Promise<T> {
  const model = await openEvaluated(snapshot);
  try {
    return fn(model);
  } finally {
    disposeModel(model);
  }
}

function rowsOf(
  bench: Bench,
  domains: Domains,
  looks: readonly Look[],
  recipes: readonly string[],
): Pick<ForgettingResult, 'rows' | 'remedies' | 'drift' | 'differences'> {
  const key = foldIn(bench.key, BOOTSTRAP);
  const draws = bench.quick ? 400 : 2000;
  const over = (length: number, statistic: (rows: Int32Array) => number): Estimate => bootstrap(length, statistic, { key, draws });
  const [base] = looks as [Look];
  const names = ['old', 'new'] as const;
  const rows = looks.flatMap(({ recipe, step, losses, pictured: made }) =>
    names.map((domain): ForgettingRow => {
      const of = made?.[domain];
      return {
        recipe: step === 0 ? 'base' : recipe,
        step,
        domain,
        loss: bootstrapMean(losses[domain], { key, draws }),
        ...(of && { fid: of.fid, ...(of.auroc && { auroc: of.auroc }), ...(of.accuracy && { accuracy: of.accuracy }) }),
      };
    }),
  );
  const lastOf = (recipe: string): Look => looks.filter((look) => look.recipe === recipe).at(-1)!;
  /** Percent of the base's loss by which the first is above the second, of the same images. */
  const percent = (domain: Domain['name'], above: Float64Array, below: Float64Array): Estimate =>
    over(above.length, (some) => (100 * (meanOver(above)(some) - meanOver(below)(some))) / meanOver(base.losses[domain])(some));
  const aurocChange = (domain: Domain['name'], last: Look): Estimate | undefined => {
    const { classifier, labelled } = domains[domain];
    const [before, after] = [base.pictured?.[domain], last.pictured?.[domain]];
    if (!labelled || !before || !after) return undefined;
    const { records } = before;
    return over(
      records.length,
      (some) => meanAuroc(classifier, after.seen, records, some) - meanAuroc(classifier, before.seen, records, some),
    );
  };
  const remedies = recipes.map((recipe): RemedyRow => {
    const last = lastOf(recipe);
    const whole = (part: Drift['part']): number => last.drift.find((one) => one.part === part && one.layer === 'all')!.relative;
    const [transfer, gained] = [aurocChange('old', last), aurocChange('new', last)];
    return {
      recipe,
      lost: percent('old', last.losses.old, base.losses.old),
      gained: percent('new', base.losses.new, last.losses.new),
      againstFirst: percent('old', last.losses.old, lastOf(recipes[0]!).losses.old),
      ...(transfer && { backwardTransfer: transfer }),
      ...(gained && { aurocGained: gained }),
      encoderDrift: whole('text encoder'),
      unetDrift: whole('U-Net'),
    };
  });
  const drift = looks
    .filter(({ step }) => step > 0)
    .flatMap((look) => look.drift.map((one) => ({ recipe: look.recipe, step: look.step, ...one })));
  const frozen = looks.filter(({ recipe, step }) => recipe === 'unet-only' && step > 0);
  const first = looks.filter(({ recipe, step }) => recipe === recipes[0] && step > 0);
  const sum = (some: readonly Look[]): Float64Array =>
    base.losses.old.map((_, i) => some.reduce((total, { losses }) => total + losses.old[i]! / some.length, 0));
  const compared = recipes[0] === 'joint' && frozen.length > 0;
  return { rows, remedies, drift, differences: compared ? { jointOverUNet: percent('old', sum(first), sum(frozen)) } : {} };
}

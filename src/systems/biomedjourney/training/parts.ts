/** A run's trainings, each in a folder of its own: what several have in common is trained once, and what is there is gone on from. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Key } from '../../../engine';
import { type FitResult, fitVae, initModel } from '../../../experiments';
import { FileError, type Rows, readObject, writeJson } from '../../../files';
import { disposeModel, loadModel, type Model, saveModel } from '../../../pipelines';
import type { Tokenizer } from '../../../tokenizers';
import type { JourneyPixels } from '../data/register-journeys';
import { fitStage, type StageData, type StageOptions } from './fit';
import type { JourneyRecipe } from './recipe';

/** A training on triples. */
export interface TriplesPart {
  /** Name of its folder. */
  readonly name: string;
  /** What it goes on from: with `autoencoder` it is the only stage, and as long as both. */
  readonly begins: 'autoencoder' | 'singles';
  /** Whether later images are registered to the prior ones. */
  readonly registered: boolean;
  /** Whether words say what changed, or what the later image shows. */
  readonly text: 'progression' | 'impression';
}

/** The paper's own way. */
export const TWO_STAGES: TriplesPart = { name: 'triples', begins: 'singles', registered: true, text: 'progression' };

export interface JourneyRun {
  readonly folder: string;
  readonly recipe: JourneyRecipe;
  /** What all begins with: random weights and a tokenizer, or a given model's folder, whose autoencoder is taken as it is. */
  readonly start: { readonly tokenizer: Tokenizer } | { readonly folder: string; readonly hash: string };
  readonly keys: { readonly model: Key; readonly autoencoder: Key; readonly stages: Key };
  readonly singles: { readonly pixels: Rows; readonly texts: readonly string[] };
  /** Pixels of the triples, as they lie or registered; asked for where a training needs them. */
  readonly triples: (registered: boolean) => Promise<JourneyPixels>;
  /** Texts of all later images, before pairs are dropped. */
  readonly impressions: readonly string[];
  /** What a training is told of where it keeps its steps. */
  readonly options: (part: string, steps: number, batchSize: number) => StageOptions;
  /** Called when a part has ended or was interrupted, in which case it throws. */
  readonly ended: (part: string, result: FitResult) => void;
}

const folderOf = (run: JourneyRun, part: string): string => join(run.folder, part, 'model');

/** What a part's weights follow from. */
function identityOf({ recipe, keys, singles, start }: JourneyRun, part: string): string {
  const { model, singles: first, triples, registration } = recipe;
  const learnt = [model, first, { ...triples, test: undefined }, registration];
  return createHash('sha256')
    .update(JSON.stringify([part, learnt, keys, singles.pixels.identity, ...('hash' in start ? [start.hash] : [])]))
    .digest('hex');
}

/** @throws FileError where the part was trained by another recipe, from another seed or on other images */
async function expectOwn(run: JourneyRun, part: string): Promise<void> {
  const { identity } = await readObject<{ readonly identity: string }>(join(run.folder, part, 'part.json'));
  if (identity !== identityOf(run, part))
    throw new FileError(join(run.folder, part), 'belongs to another run: its recipe, seed or images were others; give another folder');
}

/** Loads a part's model, or trains it, which is told by `ended`, and writes it. The caller disposes it. */
async function partOf(run: JourneyRun, part: string, make: () => Promise<{ model: Model; result: FitResult }>): Promise<Model> {
  const folder = folderOf(run, part);
  if (existsSync(join(folder, 'model_index.json'))) {
    await expectOwn(run, part);
    return loadModel(folder);
  }
  const { model, result } = await make();
  try {
    run.ended(part, result);
    await writeJson(join(run.folder, part, 'part.json'), { identity: identityOf(run, part) });
    await saveModel(model, folder);
    return model;
  } catch (error) {
    disposeModel(model);
    throw error;
  }
}

/** Runs a training on a model, which is freed where it fails. */
async function on(model: Model, fit: () => Promise<FitResult>): Promise<{ model: Model; result: FitResult }> {
  try {
    return { model, result: await fit() };
  } catch (error) {
    disposeModel(model);
    throw error;
  }
}

/** The model before anything is learnt of text and image: its autoencoder trained where it is not there, or as the given model has it. */
function autoencoder(run: JourneyRun): Promise<Model> {
  const { recipe, start, keys, singles } = run;
  if ('folder' in start) return loadModel(start.folder);
  const { steps, batch_size } = recipe.model.vae.optimisation;
  return partOf(run, 'autoencoder', () => {
    const model = initModel(recipe.model, start.tokenizer, keys.model);
    return on(model, () =>
      fitVae(model, recipe.model, singles.pixels, { ...run.options('autoencoder', steps, batch_size), key: keys.autoencoder }),
    );
  });
}

function staged(run: JourneyRun, part: string, stage: 'singles' | 'triples', steps: number, begins: Model, data: StageData) {
  const options = run.options(part, steps, run.recipe.model.diffusion.optimisation.batch_size);
  return on(begins, () => fitStage(begins, run.recipe, stage, data, { ...options, key: run.keys.stages, steps }));
}

/** The model after stage 1, trained where it is not there: single images with their texts. Without stage 1 in the recipe it is the autoencoder's. */
export async function singlesModel(run: JourneyRun): Promise<Model> {
  const { steps } = run.recipe.singles;
  if (steps === 0) return autoencoder(run);
  return partOf(run, 'singles', async () => staged(run, 'singles', 'singles', steps, await autoencoder(run), run.singles));
}

/**
 * The model after a training on triples, trained where it is not there, with all that it goes on from. The caller disposes it.
 *
 * @throws what `ended` throws where a training was interrupted: the same call goes on
 */
export async function triplesModel(run: JourneyRun, part: TriplesPart): Promise<Model> {
  const { recipe } = run;
  const alone = part.begins === 'autoencoder';
  const steps = recipe.triples.steps + (alone ? recipe.singles.steps : 0);
  const begin = (): Promise<Model> => (alone ? autoencoder(run) : singlesModel(run));
  if (steps === 0) return begin();
  return partOf(run, part.name, async () => {
    const { priors, laters, instructions, kept } = await run.triples(part.registered);
    const texts = part.text === 'progression' ? instructions : kept.map((i) => run.impressions[i]!);
    return staged(run, part.name, 'triples', steps, await begin(), { pixels: laters, texts, originals: priors });
  });
}

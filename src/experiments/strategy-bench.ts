/** One row of the table of strategies (RoentGen, arXiv:2211.12737, table 2): a base model adapted by a recipe, and what its images are like. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadPixels, phantomSplit } from '../datasets';
import { recordsOf, textsOf } from '../datasets/internal';
import { type Key, key, split } from '../engine';
import { readImage, writeJson } from '../files';
import { expectFolderOf, hashFile, isFile, readJson, writeSynthetic } from '../files/internal';
import {
  type Classifier,
  classify,
  type Features,
  frechetDistance,
  type GreyPixels,
  judge,
  type Labelled,
  promptDiversity,
} from '../metrics';
import { disposeModel, type GeneratedImage, loadModel, type Model, type ModelCard, textToImage } from '../pipelines';
import { tailLoss } from '../training';
import { cutNotes, saveAdapted, strategyOf } from '../training/internal';
import { fitDiffusion } from './fit';
import type { Recipe } from './recipe';
import { trainingCard } from './training-card';

/** What a strategy came to. Images are synthetic, not for diagnosis. */
export interface StrategyRow {
  /** The recipe's name; `base` for the model as it was. */
  readonly recipe: string;
  readonly strategy: string;
  readonly steps: number;
  /** Values that trained. */
  readonly trained: number;
  /** Of training alone. */
  readonly seconds: number;
  /** The loss's mean over the last tenth of the steps; null where nothing trained. */
  readonly loss: number | null;
  /** Fréchet distance to real test images in the classifier's features. */
  readonly fid: number;
  /** Between images of one prompt: high where they are alike. */
  readonly msSsim: number;
  readonly msSsimDeviation: number;
  /** Mean over findings; null where none has both classes. */
  readonly auroc: number | null;
  /** Fraction of sided findings on the side asked for. */
  readonly side: number | null;
  /** What is cut of the texts, a sentence with counts; absent from rows that were measured before this was kept. */
  readonly notes?: readonly string[];
}

export interface StrategyResult {
  readonly row: StrategyRow;
  /** One for each of the bench's sheet prompts. */
  readonly pictures: readonly GreyPixels[];
  /** Whether it was measured in an earlier call. */
  readonly kept: boolean;
}

/** What all rows are measured with: the same prompts, noise, real images and classifier. The caller disposes the classifier. */
export interface StrategyBench {
  /** Folder of the base model, or its one file. */
  readonly base: string;
  /** Where rows, models and images are kept. */
  readonly out: string;
  readonly seed: number;
  /** Its size, counts and sampling hold for all rows. */
  readonly recipe: Recipe;
  readonly classifier: Classifier;
  readonly records: readonly Labelled[];
  readonly prompts: readonly string[];
  readonly reference: Features;
  /** Of real images of the training part: what a perfect model would come near. */
  readonly fidReal: number;
  /** Tells this bench from others: base weights, seed, data, classifier. */
  readonly identity: string;
}

/** Prompts of the diversity measure and of the contact sheet, with four images each for the former (appendix A). */
export const DIVERSITY_PROMPTS = 8;
const PICTURES_PER_PROMPT = 4;
const PICTURES_AT_A_TIME = 32;

/** Hash of the weights of a model folder, or of a model's one file. */
async function baseIdentity(folder: string): Promise<string> {
  if (isFile(folder)) return await hashFile(folder);
  const hashes: unknown[] = [];
  for (const [part, stem] of [
    ['unet', 'diffusion_pytorch_model'],
    ['vae', 'diffusion_pytorch_model'],
    ['text_encoder', 'model'],
  ] as const)
    hashes.push(await hashFile(join(folder, part, `${stem}.safetensors`)));
  return JSON.stringify(hashes);
}

/**
 * Prepares the measuring.
 *
 * @param options.recipe the recipe whose size, data, sampling and evaluation all rows share
 * @throws FileError where the base is not there, saying what brings it where that is known
 */
export async function openStrategyBench(options: {
  readonly base: string;
  readonly out: string;
  readonly seed: number;
  readonly recipe: Recipe;
  readonly classifier: Classifier;
  readonly signal?: AbortSignal;
}): Promise<StrategyBench> {
  const { recipe, classifier, base, seed, signal } = options;
  if (!isFile(base)) expectFolderOf('a model', base, ['model_index.json']);
  const { train, test } = phantomSplit({ ...recipe.data, views: undefined });
  const count = Math.min(recipe.evaluation.pictures, test.length, train.length);
  const testPixels = await loadPixels(test, recipe.size, { signal });
  const trainPixels = await loadPixels(train, recipe.size, { signal });
  const reference = classify(classifier, testPixels).features;
  const real = classify(classifier, trainPixels.subarray(0, count * recipe.size ** 2)).features;
  const records = recordsOf(test, count);
  const shared = [seed, recipe.size, recipe.data.train, recipe.data.test, recipe.sampling, recipe.evaluation, recipe.classifier];
  const parts = [await baseIdentity(base), shared, train.fingerprint, test.fingerprint];
  return {
    ...options,
    records,
    prompts: records.map(({ text }) => text),
    reference,
    fidReal: frechetDistance(real, reference),
    identity: createHash('sha256').update(JSON.stringify(parts)).digest('hex'),
  };
}

export interface MeasureOptions {
  readonly signal?: AbortSignal;
  /** Called through training and drawing: what is done, how much of it. */
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/**
 * Adapts the base by a recipe and measures it; a row that the folder holds already, of the same base, recipe and seed, is read instead.
 *
 * @param recipe undefined for the base as it is
 * @throws the signal's reason where it was raised; what was trained goes on from there the next time
 */
export async function measureStrategy(
  bench: StrategyBench,
  recipe: Recipe | undefined,
  options: MeasureOptions = {},
): Promise<StrategyResult> {
  const name = recipe?.name ?? 'base';
  const folder = join(bench.out, name);
  const identity = createHash('sha256')
    .update(JSON.stringify([bench.identity, recipe?.diffusion, recipe?.data]))
    .digest('hex');
  const file = join(folder, 'row.json');
  if (existsSync(file)) {
    const stored = (await readJson(file)) as unknown as { identity: string; row: StrategyRow };
    if (stored.identity === identity) return { row: stored.row, pictures: await readImages(folder, bench), kept: true };
  }
  const { signal, onProgress } = options;
  const model = await loadModel(bench.base);
  try {
    const fitted = recipe
      ? await adapt(bench, model, recipe, folder, options)
      : { trained: 0, seconds: 0, steps: 0, loss: null, notes: [] };
    const prompt = strategyOf(recipe?.diffusion.strategy).prompt ?? ((text: string) => text);
    const draw = (prompts: readonly string[], what: string, imagesPerPrompt = 1): Promise<GeneratedImage[]> =>
      textToImage(model, {
        prompts: prompts.map(prompt),
        imagesPerPrompt,
        ...bench.recipe.sampling,
        size: bench.recipe.size,
        seed: bench.seed,
        batchSize: PICTURES_AT_A_TIME,
        signal,
        onStep: ({ step, total }) => onProgress?.(`${name}: ${what}`, step, total),
      });
    const images = await draw(bench.prompts, 'pictures');
    const judged = judge(bench.classifier, images, bench.records, bench.reference);
    const several = await draw(bench.prompts.slice(0, DIVERSITY_PROMPTS), 'pictures of one prompt', PICTURES_PER_PROMPT);
    const diversity = promptDiversity(several, PICTURES_PER_PROMPT);
    const row: StrategyRow = {
      recipe: name,
      strategy: recipe ? strategyOf(recipe.diffusion.strategy).name : 'none',
      ...fitted,
      fid: judged.fid,
      msSsim: diversity.mean,
      msSsimDeviation: diversity.deviation,
      auroc: judged.auroc.mean ?? null,
      side: judged.side.all,
    };
    const pictures = images.slice(0, DIVERSITY_PROMPTS);
    for (const [i, image] of pictures.entries()) await writeSynthetic(imageFile(folder, i), image);
    if (recipe) await saveAdapted(model, strategyOf(recipe.diffusion.strategy), join(folder, 'model'), cardOf(bench, recipe, row));
    await writeJson(file, { identity, row });
    return { row, pictures, kept: false };
  } finally {
    disposeModel(model);
  }
}

function cardOf({ base, seed, recipe: shared }: StrategyBench, recipe: Recipe, row: StrategyRow): ModelCard {
  const measures = {
    'FID, own classifier': row.fid,
    'MS-SSIM of pictures of one prompt': row.msSsim,
    'mean AUROC': row.auroc ?? 'no labels',
    'side as asked': row.side ?? 'the texts name none',
  };
  const { train } = phantomSplit(recipe.data);
  return trainingCard({ ...recipe, size: shared.size }, { train, seed, base, steps: row.steps, measures });
}

async function adapt(
  bench: StrategyBench,
  model: Model,
  recipe: Recipe,
  folder: string,
  { signal, onProgress }: MeasureOptions,
): Promise<Pick<StrategyRow, 'trained' | 'seconds' | 'steps' | 'loss' | 'notes'>> {
  const { train } = phantomSplit(recipe.data);
  const texts = textsOf(train);
  const pixels = await loadPixels(train, bench.recipe.size, { signal });
  const [training] = split(key(bench.seed)) as [Key, Key]; // the same for every strategy: same order, noise and timesteps
  let notes: readonly string[] = [];
  const result = await fitDiffusion(model, { ...recipe, size: bench.recipe.size }, pixels, texts, {
    key: training,
    checkpoint: join(folder, 'checkpoints'),
    signal,
    onPrepare: (done, total, what) => onProgress?.(`${recipe.name}: ${what}`, done, total),
    onTexts: (cut) => {
      notes = cutNotes(cut);
    },
    onStep: ({ step, steps, loss }) => onProgress?.(`${recipe.name}: training, loss ${loss.toFixed(3)}`, step, steps),
  });
  if (result.interrupted) {
    signal?.throwIfAborted();
    throw new Error(`${recipe.name}: ${result.stopped}`);
  }
  return { trained: result.trained, seconds: result.seconds, steps: result.log.length, loss: tailLoss(result.log), notes };
}

const imageFile = (folder: string, i: number): string => join(folder, 'pictures', `${String(i).padStart(2, '0')}.png`);

async function readImages(folder: string, bench: StrategyBench): Promise<GreyPixels[]> {
  const count = Math.min(DIVERSITY_PROMPTS, bench.prompts.length);
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const { data, width, height } = await readImage(imageFile(folder, i));
      return { pixels: Float32Array.from(data, (value) => value / 255), width, height };
    }),
  );
}

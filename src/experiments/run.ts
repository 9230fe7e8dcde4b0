/** A recipe from its data to a trained model in a run's folder: what `roentgen train` and a cell call. */

import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dataset, type OpenDatasetOptions, openSplit, pixelRows, vocabularyTexts } from '../datasets';
import { textsOf } from '../datasets/internal';
import { dispose, type Key, split, startEngine } from '../engine';
import { cluster, leaderFirst } from '../engine/internal';
import { FileError } from '../files';
import { claimFolder, lockFolder, writeSynthetic } from '../files/internal';
import { type Classifier, perceptualNetwork } from '../metrics';
import { disposeModel, loadModel, type Model, textToImage } from '../pipelines';
import { type Tokenizer, trainBpe } from '../tokenizers';
import { type CutTexts, type StepLog, tailLoss } from '../training';
import { countCut, cutNotes, lastCheckpoint, saveAdapted, strategyOf } from '../training/internal';
import { estimateMemory } from './estimate-memory';
import { estimateTime, sayEstimate } from './estimate-time';
import { type FitDiffusionOptions, type FitResult, fitDiffusion, fitVae } from './fit';
import { initModel } from './init-model';
import { classifierData, perceptualJudge } from './perceptual-judge';
import { checkRecipe, type Recipe } from './recipe';
import { checkSameRun, openRunFolder, type RunFolder, writeRunConfig } from './run-folder';
import { lossOnCard, trainingCard } from './training-card';

/** What is being done, for progress: `start` comes before a part's first `step`. */
export interface RunProgress {
  start?(label: string, total: number): void;
  step?(done: number, log?: StepLog): void;
  end?(): void;
  /** A sentence that a person should read. */
  say?(sentence: string): void;
}

export interface RunOptions {
  readonly recipe: Recipe;
  /** The run's folder. */
  readonly out: string;
  /** "phantom", or a folder of radiographs (`openDataset`). */
  readonly data: OpenDatasetOptions;
  /**
   * A model folder to start from; without one, from random weights, the autoencoder first. A given model's autoencoder stays as it is, unless the recipe `adapts`
   * its own.
   */
  readonly model?: string;
  readonly seed: number;
  /** Go on from the run's last checkpoint; without it a folder that holds a run is refused. */
  readonly resume: boolean;
  readonly signal?: AbortSignal;
  readonly progress?: RunProgress;
  /** Times a few steps first, and has `progress.say` tell how long the run takes and how much memory. Changes nothing of what is learnt. Default false. */
  readonly estimate?: boolean;
}

/** How a run went. */
export interface RunResult {
  readonly folder: string;
  /** What trained last, and how many steps it has done. */
  readonly part: 'autoencoder' | 'diffusion model';
  readonly steps: number;
  readonly interrupted: boolean;
  /** Where it was interrupted: at which step, and how it goes on. */
  readonly stopped?: string;
  readonly seconds: number;
  /** The loss's mean over the last tenth of the steps. */
  readonly loss: number;
  /** Where the trained model is; absent where the run was interrupted. */
  readonly model?: string;
}

/** A tokenizer for a recipe: byte pairs of the texts, and of what else a vocabulary should know (`vocabularyTexts`). */
export function recipeTokenizer(recipe: Recipe, data: string, texts: readonly string[]): Tokenizer {
  const words = [...texts, ...vocabularyTexts(data)];
  return trainBpe(words, { vocabularySize: recipe.tokenizer.vocabulary_size, maxLength: recipe.tokenizer.max_length });
}

/**
 * Trains a recipe in a folder: settings, log, checkpoints, images and, at the end, the model. In a cluster (`joinCluster`) all processes call it alike, on a folder
 * that all see: they share the batches of each step, and the leader alone writes.
 *
 * @throws FileError where the folder holds another run or other files, or is being written to; RangeError where the run can't fit into this machine's memory, saying
 *   what would make it fit; NotFiniteError where training broke
 */
export async function runRecipe(options: RunOptions): Promise<RunResult> {
  const { out, resume } = options;
  checkRecipe(options.recipe, `recipe ${options.recipe.name}`);
  if (follows()) return await runLocked(options); // the leader looks after the folder
  if (existsSync(join(out, 'config.json')) && !resume)
    throw new FileError(out, 'already holds a run; go on with it (--resume) or give another folder');
  // A run that was killed before its settings were written has checkpoints alone.
  claimFolder(out, 'a run', ['config.json', ...(resume ? ['autoencoder/checkpoints', 'checkpoints'] : [])]);
  const unlock = await lockFolder(out);
  try {
    await checkSameRun(out, options);
    return await runLocked(options);
  } finally {
    await unlock();
  }
}

/** Whether another process of the cluster leads. */
const follows = (): boolean => (cluster()?.rank ?? 0) > 0;

async function runLocked({
  recipe,
  out,
  data,
  model: base,
  seed,
  signal,
  progress = {},
  estimate = false,
}: RunOptions): Promise<RunResult> {
  const engine = await startEngine({ seed });
  const [splitKey, modelKey, vaeKey, diffusionKey] = split(engine.key, 4) as [Key, Key, Key, Key];
  const withVae = base === undefined || recipe.adapts !== undefined;
  const { train, test } = await openSplit({ ...data, counts: recipe.data, key: splitKey, size: recipe.size });
  const texts = textsOf(train);
  const model = base ? await startingModel(base, recipe) : initModel(recipe, recipeTokenizer(recipe, data.data, texts), modelKey);
  const strategy = strategyOf(recipe.diffusion.strategy);
  const prompt = strategy.prompt ?? ((text: string) => text);
  const notes: string[] = [];
  /** Says what is lost of the data, and keeps it for the settings. */
  const note = (sentences: readonly string[]): void => {
    for (const sentence of sentences.filter((each) => !notes.includes(each))) {
      notes.push(sentence);
      progress.say?.(sentence);
    }
  };
  const folders: RunFolder[] = [];
  let judge: Classifier | undefined;
  /** Only now has the run's checkpoint, where it has one, been found to belong to these settings. */
  const begin = async (run: RunFolder, log: readonly StepLog[]): Promise<void> => {
    await writeRunConfig(out, { recipe, seed, data, model: base, notes }, engine);
    await run.begin(log);
  };
  const opened = (folder: RunFolder): RunFolder => {
    folders.push(folder);
    return folder;
  };
  try {
    const handOver = placeInMemory(recipe, model, withVae);
    if (handOver) progress.say?.(NO_SAMPLES);
    note(train.notes ?? []);
    if (base === undefined) note(cutNotes(cutOf(model.tokenizer!, texts.map(prompt)))); // told before the autoencoder trains
    if (estimate && !handOver && !cluster())
      await sayHowLong(progress, recipe, model, { data: data.data, train, test, withVae, out, signal });
    progress.start?.('Pictures', train.length);
    const notes: string[] = [];
    const reading = { onProgress: (done: number) => progress.step?.(done), onNote: (note: string) => void notes.push(note), signal };
    const pixels = await leaderFirst(() => pixelRows(train, recipe.size, reading));
    progress.end?.();
    for (const note of notes) progress.say?.(`${note}.`);
    const stage = (folder: string) => ({
      signal,
      checkpoint: {
        folder: join(folder, 'checkpoints'),
        resume: 'always' as const,
        keep: recipe.run?.checkpoints_kept ?? 2,
        every: recipe.run?.checkpoint_every,
      },
    });
    if (withVae) {
      judge = await leaderFirst(() =>
        perceptualJudge(recipe, data.data, {
          ...(signal && { signal }),
          onStep: (log) => {
            if (log.step === 1) progress.start?.('Classifier', log.steps);
            progress.step?.(log.step, log);
          },
        }),
      );
      const run = opened(openRunFolder(join(out, 'autoencoder')));
      const { batch_size, accumulation = 1, steps } = recipe.vae.optimisation;
      progress.start?.('Autoencoder', steps);
      const result = await fitVae(model, recipe, pixels, {
        ...stage(run.folder),
        key: vaeKey,
        ...(judge && { perceptual: perceptualNetwork(judge) }),
        onStart: (log) => begin(run, log),
        onStep: (log) => {
          run.step(log, batch_size * accumulation);
          progress.step?.(log.step, log);
        },
      });
      progress.end?.();
      if (result.interrupted) return summary(out, 'autoencoder', result);
    }
    const run = opened(openRunFolder(out));
    const { batch_size, accumulation = 1, steps } = recipe.diffusion.optimisation;
    const prompts = textsOf(test, recipe.run?.sample_prompts ?? 4).map(prompt);
    const every = handOver ? undefined : recipe.run?.sample_every;
    const encoded = await encodedFolders(out, !withVae);
    progress.start?.('Diffusion', steps);
    const result = await fitDiffusion(model, recipe, pixels, texts, {
      ...stage(out),
      key: diffusionKey,
      handOver,
      ...encoded,
      onPrepare: (done, total, what) => {
        if (done === 1) progress.start?.(what, total);
        progress.step?.(done);
        if (done === total) progress.start?.('Diffusion', steps);
      },
      onTexts: (cut) => note(cutNotes(cut)),
      onStart: (log) => begin(run, log),
      onStep: async (log, update) => {
        run.step(log, batch_size * accumulation);
        progress.step?.(log.step, log);
        if (every === undefined || log.step % every !== 0) return;
        update();
        await writeSamples(model, recipe, prompts, seed, join(out, 'samples', `step-${String(log.step).padStart(8, '0')}`));
      },
    });
    progress.end?.();
    if (result.interrupted) return summary(out, 'diffusion model', result);
    const done = summary(out, 'diffusion model', result);
    const facts = { train, seed, base, steps: done.steps, measures: { [lossOnCard]: done.loss } };
    if (!follows()) {
      await saveAdapted(model, strategy, join(out, 'model'), trainingCard(recipe, facts));
      await rm(join(out, ENCODED), { recursive: true, force: true });
    }
    return { ...done, model: join(out, 'model') };
  } finally {
    for (const folder of folders) folder.end();
    if (judge) dispose(judge.params);
    disposeModel(model);
  }
}

/** A given model; one that a recipe adapts as its own takes texts of the recipe's length. */
async function startingModel(folder: string, { adapts, tokenizer }: Recipe): Promise<Model> {
  const model = await loadModel(folder);
  return adapts === undefined || !model.tokenizer ? model : { ...model, tokenizer: model.tokenizer.withLength(tokenizer.max_length) };
}

/** Runs of fewer steps are done before they were timed. */
const WORTH_TIMING = 50;

/** Says how long what is left of a run takes here. */
async function sayHowLong(
  progress: RunProgress,
  recipe: Recipe,
  model: Model,
  run: {
    readonly data: string;
    readonly train: Dataset;
    readonly test: Dataset;
    readonly withVae: boolean;
    readonly out: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const { data, train, test, withVae, out, signal } = run;
  const { steps } = recipe.diffusion.optimisation;
  const done = {
    autoencoder: withVae ? ((await lastCheckpoint(join(out, 'autoencoder', 'checkpoints')))?.step ?? 0) : 0,
    diffusion: (await lastCheckpoint(join(out, 'checkpoints')))?.step ?? 0,
  };
  const left = steps - done.diffusion + (withVae ? recipe.vae.optimisation.steps - done.autoencoder : 0);
  if (left < WORTH_TIMING) return;
  progress.say?.('Timing a few steps …');
  const { sample_every: every, sample_prompts = 4 } = recipe.run ?? {};
  const batch = Math.min(sample_prompts, test.length);
  const generated = every === undefined ? undefined : { images: Math.floor((steps - done.diffusion) / every) * batch, batch };
  const judged = withVae && recipe.vae.weights.perceptual !== undefined;
  const work = {
    images: train.length,
    withVae,
    done,
    drawn: [train],
    ...(judged && { classifier: classifierData(recipe, data) }),
    ...(generated && { generated }),
    ...(signal && { signal }),
  };
  progress.say?.(sayEstimate(await estimateTime(recipe, model, work)));
}

const ENCODED = 'encoded';

/** Where latents and contexts are kept: those of a given model for all runs that begin with it, those of a new one in its run's folder until it is trained. */
async function encodedFolders(out: string, given: boolean): Promise<Pick<FitDiffusionOptions, 'latentFolder' | 'contextFolder'>> {
  const shared = join('.cache', ENCODED);
  const writable =
    given &&
    (await mkdir(shared, { recursive: true }).then(
      () => true,
      () => false,
    ));
  const folder = writable ? shared : join(out, ENCODED);
  return { latentFolder: join(folder, 'latents'), contextFolder: join(folder, 'contexts') };
}

function cutOf(tokenizer: Tokenizer, texts: readonly string[]): CutTexts {
  return { texts: texts.length, cut: countCut(tokenizer.encodeBatch(texts).lostTokens), window: tokenizer.maxLength };
}

function summary(folder: string, part: RunResult['part'], { log, interrupted, stopped, seconds }: FitResult): RunResult {
  return { folder, part, steps: log.length, interrupted, ...(stopped ? { stopped } : {}), seconds, loss: tailLoss(log) };
}

/** Images of the same prompts and noise at any step. Texts stay out of file names; real ones stay out of the files too. */
async function writeSamples(model: Model, recipe: Recipe, prompts: readonly string[], seed: number, folder: string): Promise<void> {
  const images = await textToImage(model, { prompts, ...recipe.sampling, seed });
  for (const [i, image] of images.entries()) await writeSynthetic(join(folder, `${String(i).padStart(2, '0')}.png`), image);
}

const NO_SAMPLES = 'The model does not fit into memory twice: no pictures are made while it trains.';

/**
 * Whether the model's weights must be handed over to the training: where they do not fit beside the copy that trains.
 *
 * @throws RangeError where that does not suffice, with what would
 */
function placeInMemory(recipe: Recipe, model: Model, withVae: boolean): boolean {
  const { MiB, handedOver, available, advice } = estimateMemory(recipe, model, { withVae });
  if (MiB <= available) return false;
  if (handedOver <= available) return true;
  throw new RangeError(
    `this run needs about ${Math.round(handedOver)} MiB, and ${Math.round(available)} MiB are free here; ${advice.join(', or ')}`,
  );
}

/** How long a recipe takes here, by doing a little of it: a few steps of each part, on random images of its shapes. */

import type { Dataset } from '../datasets';
import { contextParts } from '../encoders/internal';
import { cloneTree, dispose, flatten, foldIn, interruptSignal, key, type Tree, uniformArray } from '../engine';
import { memoryUse } from '../engine/internal';
import { rowsOf } from '../files';
import { readRange } from '../files/internal';
import { type Classifier, perceptualNetwork } from '../metrics';
import { initClassifier } from '../metrics/internal';
import { disposeModel, type Model, textToImage } from '../pipelines';
import { expectWeights, latentFactor } from '../pipelines/internal';
import { trainBpe } from '../tokenizers';
import { type Strategy, trainClassifier } from '../training';
import { encodeContexts, encodeMoments, strategyOf, trainDiffusion, trainVae } from '../training/internal';
import { completeVaeConfig } from '../vae/internal';
import { estimateMemory } from './estimate-memory';
import { optimisationOf, tokensOf } from './fit';
import { initModel } from './init-model';
import { isClassifierKept } from './kept-classifier';
import type { Recipe } from './recipe';
import { lasting, type Timing, timeSteps } from './timing';
import { trainingSet } from './training-set';

/** What is to be done by a recipe. */
export interface WorkToTime {
  /** Images that it trains on, without changed copies. */
  readonly images: number;
  /** Whether the autoencoder trains first. */
  readonly withVae: boolean;
  /** Images that stay in memory as an array (`loadPixels`), of all parts; none where they are read from disk (`pixelRows`). */
  readonly held?: number;
  /** Steps that earlier sittings have done of each part. */
  readonly done?: { readonly autoencoder?: number; readonly diffusion?: number };
  /** Images that are made on the way and to measure, and how many of them at a time. */
  readonly generated?: { readonly images: number; readonly batch: number };
  /** Data that are drawn, as the phantom: what is not on disk yet counts. Reading a folder's images does not: that they are kept is not known beforehand. */
  readonly drawn?: readonly Dataset[];
  /** The images of the classifier that is measured with (`keptClassifier`): it counts where it is not kept yet. */
  readonly classifier?: Dataset;
  /** By default an interrupt of the notebook's cell. */
  readonly signal?: AbortSignal;
}

/** How long a work takes on this machine as it is now, and the memory that it needs. */
export interface TimeEstimate {
  /** Of all parts. */
  readonly seconds: number;
  /** Seconds by the name of the part, in the order in which they are done. */
  readonly parts: Readonly<Record<string, number>>;
  /** The peak, MiB: the larger of what `estimateMemory` says and what this process has needed by the end of the timing, and the images that are held. */
  readonly MiB: number;
  /** Seconds that finding it out took. */
  readonly took: number;
}

/** Everything random here comes from it: no key of a run is touched. */
const KEY = key(1895);
/** Images at a time with which images are encoded (`encodeMoments`). */
const ENCODED = 32;
/** Tokens of a tokenizer that has all bytes: which texts it can cut up does not matter here. */
const LEAST_VOCABULARY = 600;
/** Steps of a timed sampling. */
const SAMPLED = 3;

/**
 * Times a few steps of each part of a recipe here and now, on random images and texts, and adds up. Each part's first step, which compiles its graph, counts as it
 * was: the training compiles again. Other programs count, as long as they go on as they do now. A strategy's preparation, such as images that it has the model make, and
 * what it puts beside the model, are not in it.
 *
 * The model keeps its weights. Takes about 3 seconds and a first step for each part; nothing is learnt or kept.
 *
 * @param model the one that training starts from; undefined for random weights
 * @throws the signal's reason where it was raised
 * @example console.log(sayEstimate(await estimateTime(recipe, undefined, { images: 7000, withVae: true })));
 */
export async function estimateTime(recipe: Recipe, model: Model | undefined, work: WorkToTime): Promise<TimeEstimate> {
  if (model) return estimateOf(recipe, model, work);
  const { max_length: maxLength, vocabulary_size: vocabularySize } = recipe.tokenizer;
  const random = initModel(recipe, { ...trainBpe(['a'], { vocabularySize: LEAST_VOCABULARY, maxLength }), vocabularySize }, KEY);
  try {
    return await estimateOf(recipe, random, work);
  } finally {
    disposeModel(random);
  }
}

async function estimateOf(recipe: Recipe, model: Model, work: WorkToTime): Promise<TimeEstimate> {
  expectWeights(model, 'estimateTime');
  const started = performance.now();
  const { images, withVae, held = 0, done = {}, generated, classifier, signal = interruptSignal() } = work;
  const copies = images * (recipe.data.augmentation?.copies ?? 1);
  const parts: Record<string, number> = {};
  const drawing = await timeDrawing(recipe.size, work.drawn ?? [], signal);
  if (drawing > 1) parts['drawing images'] = drawing;
  if (classifier && !isClassifierKept(recipe, classifier))
    parts.classifier = lasting(await timeClassifier(recipe, signal), recipe.classifier.optimisation.steps);
  const encoding = await timeEncoding(recipe, model, signal);
  const encoded = (count: number): number => Math.ceil(count / ENCODED) * encoding;
  if (withVae) {
    const left = recipe.vae.optimisation.steps - (done.autoencoder ?? 0);
    if (left > 0) parts.autoencoder = lasting(await timeAutoencoder(recipe, model, signal), left) + encoded(Math.min(copies, 1024));
  }
  const left = recipe.diffusion.optimisation.steps - (done.diffusion ?? 0);
  if (left > 0) parts.diffusion = lasting(await timeDiffusion(recipe, model, signal), left) + encoded(copies);
  if (generated && generated.images > 0)
    parts['generated images'] = (generated.images / generated.batch) * (await timeSampling(recipe, model, generated.batch, signal));
  return {
    seconds: Object.values(parts).reduce((sum, each) => sum + each, 0),
    parts,
    MiB: Math.max(estimateMemory(recipe, model, { withVae }).MiB, memoryUse().peakRssMiB) + (4 * held * recipe.size ** 2) / 2 ** 20,
    took: (performance.now() - started) / 1000,
  };
}

const randomImages = (size: number, count: number): Float32Array => uniformArray(KEY, count * size * size);

/** Images of a short and of a longer drawing: threads take a moment to start, however many images there are. */
const [FEW, MORE] = [8, 40];

/** Seconds that all images of drawn datasets take: nearly none where they were drawn before. */
async function timeDrawing(size: number, drawn: readonly Dataset[], signal: AbortSignal | undefined): Promise<number> {
  let seconds = 0;
  for (const { length, batch } of drawn) {
    if (!batch || length < 2 * MORE) continue;
    const draw = async (count: number): Promise<number> => {
      const start = performance.now();
      const last = Int32Array.from({ length: count }, (_, i) => length - 1 - i);
      await batch(last, size, { ...(signal && { signal }) });
      return (performance.now() - start) / 1000;
    };
    const few = await draw(FEW);
    seconds += (length * Math.max(0, (await draw(MORE)) - few)) / (MORE - FEW);
  }
  return seconds;
}

function timeAutoencoder(recipe: Recipe, model: Model, signal: AbortSignal | undefined): Promise<Timing> {
  const { size, vae } = recipe;
  const { pixels } = trainingSet(recipe, rowsOf(randomImages(size, 4), size * size), [], KEY);
  const judge = vae.weights.perceptual ? randomClassifier(recipe) : undefined;
  return timeSteps(async (onStep, enough) => {
    const { params } = await trainVae({
      config: model.vae.config,
      params: model.vae.params,
      pixels,
      size,
      weights: vae.weights,
      ...(judge && { perceptual: perceptualNetwork(judge) }),
      optimisation: optimisationOf(recipe, 'vae'),
      key: KEY,
      signal: enough,
      checkpointing: vae.checkpointing ?? false,
      flip: vae.flip ?? 0,
      ...(vae.crop === undefined ? {} : { crop: vae.crop }),
      onStep,
    });
    dispose(params);
  }, signal).finally(() => judge && dispose(judge.params as Tree));
}

function randomClassifier({ size, classifier }: Recipe): Classifier {
  const config = { size, channels: classifier.channels, hidden: classifier.hidden, findings: ['a finding'], sided: [] };
  return { config, params: initClassifier(config, KEY) };
}

async function timeDiffusion(recipe: Recipe, model: Model, signal: AbortSignal | undefined): Promise<Timing> {
  const { diffusion } = recipe;
  const { vae, unet, textEncoder, textProjection, tokenizer } = model;
  const strategy = strategyOf(diffusion.strategy);
  const extension = strategy.prepare ? undefined : strategy.extend?.(model);
  const { used } = contextParts(textEncoder.params);
  const all: Tree = {
    unet: unet.params,
    textEncoder: used as Tree,
    ...(textProjection ? { projection: textProjection.params as Tree } : {}),
  };
  const trains = trainsSomething(strategy, all) || extension ? strategy.trains : (): boolean => true;
  const encoderChanges = extension?.textEncoder === true || Object.keys(flatten({ textEncoder: used as Tree })).some(trains);
  const { latent_channels } = completeVaeConfig(vae.config);
  const side = recipe.size / latentFactor(model);
  const shape = [side, side, latent_channels] as const;
  const [mean, std] = [0, 1].map((i) =>
    rowsOf(uniformArray(foldIn(KEY, i), 4 * side * side * latent_channels), side * side * latent_channels),
  );
  const words = ['a', 'b', 'c', 'd'];
  const texts = encoderChanges ? tokensOf(model, tokenizer!, words) : await encodeContexts(model, words, { ...(signal && { signal }) });
  const params = cloneTree({
    unet: unet.params,
    ...(encoderChanges ? { textEncoder: used } : {}),
    ...(textProjection ? { projection: textProjection.params } : {}),
  });
  return timeSteps(async (onStep, enough) => {
    const trained = await trainDiffusion({
      unet: unet.config,
      textEncoder: textEncoder.config,
      params,
      scheduler: model.schedulerConfig,
      latents: { length: 4, shape, mean: mean!, std: std! },
      scalingFactor: completeVaeConfig(vae.config).scaling_factor,
      texts,
      strategy: { trains, ...extension },
      textDropout: diffusion.text_dropout,
      objective: diffusion,
      checkpointing: diffusion.checkpointing ?? false,
      optimisation: optimisationOf(recipe, 'diffusion'),
      key: KEY,
      signal: enough,
      onStep,
    });
    dispose(trained.params);
  }, signal).finally(() => dispose(params));
}

/** Whether a strategy's own leaves are there before it has prepared the model. */
const trainsSomething = ({ trains }: Strategy, all: Tree): boolean => Object.keys(flatten(all)).some(trains);

function timeClassifier(recipe: Recipe, signal: AbortSignal | undefined): Promise<Timing> {
  const { size, classifier } = recipe;
  const { config, params } = randomClassifier(recipe);
  dispose(params as Tree);
  const record = { labels: { 'a finding': 1 }, sides: {} } as const;
  return timeSteps(async (onStep, enough) => {
    const trained = await trainClassifier({
      config,
      pixels: randomImages(size, 4),
      records: [record, record, record, record],
      optimisation: { precision: 'float32', ...classifier.optimisation },
      key: KEY,
      signal: enough,
      onStep,
    });
    dispose(trained.params as Tree);
  }, signal);
}

/** Seconds that a batch of images takes to encode, once compiled; to change them first, where the recipe does. */
async function timeEncoding(recipe: Recipe, model: Model, signal: AbortSignal | undefined): Promise<number> {
  const { size } = recipe;
  const { pixels } = trainingSet(recipe, rowsOf(randomImages(size, ENCODED), size * size), [], KEY);
  const encode = async (): Promise<unknown> =>
    encodeMoments(model, await readRange(pixels, pixels.length - ENCODED, pixels.length), size, { ...(signal && { signal }) });
  await encode();
  const start = performance.now();
  await encode();
  return (performance.now() - start) / 1000;
}

/** Seconds that a batch of images takes to make; the graph is kept for the run. */
async function timeSampling(recipe: Recipe, model: Model, batch: number, signal: AbortSignal | undefined): Promise<number> {
  const prompts = Array.from({ length: batch }, () => '');
  const marks: number[] = [];
  const sample = (steps: number): Promise<unknown> =>
    textToImage(model, {
      prompts,
      ...recipe.sampling,
      steps,
      size: recipe.size,
      batchSize: batch,
      ...(signal && { signal }),
      onStep: () => void marks.push(performance.now()),
    });
  await sample(1);
  marks.length = 0;
  const start = performance.now();
  await sample(SAMPLED);
  const whole = performance.now() - start;
  const step = (marks.at(-1)! - marks[0]!) / (marks.length - 1);
  const calls = recipe.sampling.steps + marks.length - SAMPLED; // some schedulers call the network more often
  return (whole - marks.length * step + calls * step) / 1000;
}

/** Seconds as one says them beforehand: `40 s`, `2.5 min`, `36 min`, `5.2 h`. */
export function roughly(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const [value, unit] = seconds < 3570 ? [seconds / 60, 'min'] : [seconds / 3600, 'h'];
  return `${value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} ${unit}`;
}

/** An estimate as a sentence: how long, of what, and how much memory. */
export function sayEstimate({ seconds, parts, MiB }: Pick<TimeEstimate, 'seconds' | 'parts' | 'MiB'>): string {
  const each = Object.entries(parts).map(([name, part]) => `${name} ${roughly(part)}`);
  return `This takes about ${roughly(seconds)} here (${each.join(', ')}) and ${((MiB * 2 ** 20) / 1e9).toFixed(1)} GB of memory.`;
}

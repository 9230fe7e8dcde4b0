/** How a call's images are divided into batches, and each batch is sampled. */

import type * as tf from '@tensorflow/tfjs-core';
import { dispose, key, mapTree, type Tree } from '../engine';
import type { RowsPart } from '../files';
import { createScheduler, type Scheduler, type SchedulerConfig } from '../schedulers';
import { exchangeScheduler } from '../schedulers/internal';
import { completeVaeConfig } from '../vae/internal';
import { repeatRow } from './batch';
import { encodePrompts, warnLostTokens } from './context';
import { denoise, type LoopStep } from './denoise';
import type { TextContext, TextContexts } from './guidance';
import { type GeneratedImage, type ImageLabel, toImages } from './images';
import { colourLatents, fitLatentColours } from './latent-colours';
import { decodeLatents, imageNoise, type Size } from './latents';
import { checkModel, expectWeights, latentFactor, type Model } from './model';
import type { Predictor } from './predictor';
import { expectSamplingMemory } from './sampling-memory';
import { SAMPLING_DEFAULTS, type SamplingOptions, type Strengths } from './sampling-options';

/** A batch's part that differs between pipelines. */
export interface Batch {
  /** Latents of the first noise level, owned by the loop. */
  readonly latents: tf.Tensor4D;
  readonly predict: Predictor;
  readonly adjust?: (latents: tf.Tensor4D, call: number) => tf.Tensor;
  /** Draws of the steps in place of the request's `noise`. */
  readonly noise?: (draw: number) => tf.Tensor4D;
  /** What `adjust` reads; freed by the loop after the last call. */
  readonly owned?: Tree;
}

/** What a pipeline gets to prepare a batch with. */
export interface BatchRequest extends TextContexts {
  /** Numbers of the images; repeated at the end where the batch is not full. */
  readonly indices: readonly number[];
  /** Draw number n of these images' noise, [B, h, w, C]; 0 is the start's, steps take those from 100 on. */
  readonly noise: (draw: number) => tf.Tensor4D;
  readonly scheduler: Scheduler;
}

const STEP_DRAWS = 100;

/** The scheduler of a request. */
function chooseScheduler(model: Model, choice: string | SchedulerConfig | undefined, steps: number, strength: number = 1): Scheduler {
  const config = typeof choice === 'string' ? exchangeScheduler(model.schedulerConfig, choice) : (choice ?? model.schedulerConfig);
  return createScheduler(config, { steps, strength });
}

/** What an image's file will say of the request, beside its prompt, seed and number. */
function provenance(pipeline: string, options: SamplingOptions & Strengths, scheduler: Scheduler, steps: number): GeneratedImage['made'] {
  const { negative = '', guidance, imageGuidance, rescale, strength, eta } = options;
  const entries = {
    pipeline,
    negative_prompt: negative,
    scheduler: scheduler.className,
    steps,
    guidance,
    image_guidance: imageGuidance,
    guidance_rescale: rescale || undefined,
    strength,
    eta: eta || undefined,
    latents: 'latents' in options && options.latents ? 'given' : undefined,
  };
  return Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, string | number] => entry[1] !== undefined));
}

function checkOptions(pipeline: string, { prompts, eta = 0, imagesPerPrompt = 1, batchSize = 1 }: SamplingOptions): void {
  if (prompts.length === 0)
    throw new RangeError(`${pipeline}: prompts: expected at least one; the empty text makes an unconditional picture`);
  for (const [name, value] of Object.entries({ imagesPerPrompt, batchSize }))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${pipeline}: ${name}: expected a whole number from 1, got ${value}`);
  if (!(eta >= 0 && eta <= 1)) throw new RangeError(`${pipeline}: eta: expected a number from 0 to 1, got ${eta}`);
}

/** What is the same for all batches of a call. */
interface Call {
  readonly model: Model;
  readonly options: SamplingOptions;
  readonly scheduler: Scheduler;
  readonly prepare: (request: BatchRequest) => Batch;
  /** The prompt of each image, in order. */
  readonly texts: readonly string[];
  /** The first number that is made, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** Rows of every batch. */
  readonly rows: number;
  /** Of the negative prompt: one row. */
  readonly negative: TextContext;
  /** Of an image's latents, [h, w, C]. */
  readonly shape: readonly [number, number, number];
  readonly seed: number;
  readonly made: GeneratedImage['made'];
}

/**
 * Makes the images of a call, batch after batch.
 *
 * @param pipeline its name, for errors and the images' files
 * @param size     of the images
 * @param prepare  a batch's start and predictor, in a memory scope
 * @throws RangeError where a number is out of range; TypeError where the model was disposed; the signal's reason where it was raised
 */
export async function sampleImages(
  pipeline: string,
  model: Model,
  options: SamplingOptions & Strengths,
  size: Size,
  prepare: (request: BatchRequest) => Batch,
): Promise<GeneratedImage[]> {
  const {
    steps = SAMPLING_DEFAULTS.steps,
    seed = SAMPLING_DEFAULTS.seed,
    imagesPerPrompt = 1,
    batchSize = SAMPLING_DEFAULTS.batchSize,
  } = options;
  expectWeights(model, pipeline);
  checkModel(model, pipeline);
  checkOptions(pipeline, options);
  const scheduler = chooseScheduler(model, options.scheduler, steps, options.strength);
  const made = provenance(pipeline, options, scheduler, steps);
  const factor = latentFactor(model);
  const [height, width] = size;
  const shape = [height / factor, width / factor, completeVaeConfig(model.vae.config).latent_channels] as const;
  const texts = options.prompts.flatMap((prompt) => new Array<string>(imagesPerPrompt).fill(prompt));
  const [from, to] = partRange(texts.length, options.part);
  if (from === to) return [];
  const rows = Math.ceil((to - from) / Math.ceil((to - from) / batchSize)); // batches of one size: one graph
  const { vaeSlicing, vaeTiling } = options;
  expectSamplingMemory(pipeline, model, { height, width, batch: rows, vaeSlicing, vaeTiling });
  const { lostTokens, ...negative } = encodePrompts(model, [options.negative ?? '']);
  warnLostTokens(`${pipeline}: negative`, lostTokens);
  const call: Call = { model, options, scheduler, prepare, texts, from, to, rows, negative, shape, seed, made };
  const images: GeneratedImage[] = [];
  try {
    for (let start = from; start < to; start += rows) {
      options.signal?.throwIfAborted();
      const batch = await sampleBatch(call, start);
      images.push(...batch);
      await options.onImages?.(batch);
    }
  } finally {
    dispose(negative);
  }
  const firstOfPrompts = images.filter(({ index }) => index % imagesPerPrompt === 0);
  const lost = firstOfPrompts.map(({ lostTokens }) => lostTokens);
  if (options.onLostTokens) options.onLostTokens(lost);
  else warnLostTokens(pipeline, lost);
  return images;
}

/** Numbers of a part's images, of so many: parts differ by one image at most. @throws RangeError where there is no such part */
export function partRange(images: number, { index, count }: RowsPart = { index: 0, count: 1 }): [from: number, to: number] {
  if (!(Number.isInteger(count) && count >= 1 && Number.isInteger(index) && index >= 0 && index < count))
    throw new RangeError(`part: expected an index from 0 to count - 1, got ${index} of ${count}`);
  return [Math.floor((images * index) / count), Math.floor((images * (index + 1)) / count)];
}

/** One batch: the images from number `start` on. */
async function sampleBatch(call: Call, start: number): Promise<GeneratedImage[]> {
  const { model, options, scheduler, texts, to, rows, seed, made } = call;
  const indices = Array.from({ length: rows }, (_, row) => Math.min(start + row, to - 1));
  const noise = imageNoise(key(seed), indices, call.shape);
  const { lostTokens, ...prompts } = encodePrompts(
    model,
    indices.map((index) => texts[index]!),
  );
  const labels = indices
    .slice(0, to - start)
    .map((index, row): ImageLabel => ({ prompt: texts[index]!, seed, index, lostTokens: lostTokens[row]!, made }));
  const negative = mapTree((row) => repeatRow(row, rows), call.negative);
  let batch: Batch | undefined;
  let latents: tf.Tensor4D | undefined;
  try {
    batch = call.prepare({ indices, prompts, negative, noise, scheduler });
    latents = await denoise({
      scheduler,
      latents: batch.latents,
      predict: batch.predict,
      eta: options.eta,
      noise: (step) => (batch?.noise ?? noise)(STEP_DRAWS + step),
      adjust: batch.adjust,
      signal: options.signal,
      onStep: options.onStep && observer(call, start, labels),
    });
    return await decoded(call, latents, labels);
  } finally {
    dispose(prompts, negative, latents, batch?.latents, batch?.owned);
    batch?.predict.dispose();
  }
}

const decoded = (call: Call, latents: tf.Tensor4D, labels: readonly ImageLabel[]): Promise<GeneratedImage[]> =>
  shown(decodeLatents(call.model, latents, call.options), labels);

/** Images of pixels, [B, H, W, 1 or 3], which are freed. */
async function shown(pixels: tf.Tensor4D, labels: readonly ImageLabel[]): Promise<GeneratedImage[]> {
  try {
    return await toImages(pixels, labels);
  } finally {
    pixels.dispose();
  }
}

/** Tells the caller's `onStep` of each call of the network. */
function observer(call: Call, start: number, labels: readonly ImageLabel[]): (step: LoopStep) => void | Promise<void> {
  const { model, options, scheduler, from, to, rows } = call;
  const perBatch = scheduler.timesteps.length;
  const indices = labels.map(({ index }) => index);
  return (step) =>
    options.onStep!({
      step: ((start - from) / rows) * perBatch + step.call,
      total: Math.ceil((to - from) / rows) * perBatch,
      timestep: step.timestep,
      input: step.input,
      latents: step.latents,
      indices,
      preview: () => decoded(call, step.scaled, labels),
      quickPreview: () => shown(colourLatents(fitLatentColours(model), step.scaled), labels),
    });
}

/** What all pipelines ask for in common, and how a call's pictures are divided into batches. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, key } from '../engine';
import { createScheduler, exchangeScheduler, type Scheduler, type SchedulerConfig } from '../schedulers';
import { completeVaeConfig } from '../vae';
import { repeatRow } from './batch';
import { encodePrompts, warnLostTokens } from './context';
import { denoise, type LoopStep } from './denoise';
import type { Branch, Predictor } from './guidance';
import { type GeneratedImage, type ImageLabel, toImages } from './images';
import { colourLatents, fitLatentColours } from './latent-colours';
import { decodeLatents, pictureNoise, type Size, type VaeMemory } from './latents';
import { checkModel, latentFactor, type Model } from './model';
import { expectSamplingMemory } from './sampling-memory';

export interface SamplingOptions extends VaeMemory {
  /** One picture for each, or `imagesPerPrompt`; the empty prompt is unconditional. */
  readonly prompts: readonly string[];
  /** What the pictures are guided away from; default the empty prompt. */
  readonly negative?: string;
  /** Steps from noise to picture, default 50; some schedulers call the network more often. */
  readonly steps?: number;
  /** Guidance scale; 1 or less is the prompt's prediction alone. Default 7.5. */
  readonly guidance?: number;
  /** The model's own, another by its name (`ddim`) on the same noise schedule, or a whole config. */
  readonly scheduler?: string | SchedulerConfig;
  /** For DDIM: 0 is deterministic, 1 has DDPM's variance. Default 0. */
  readonly eta?: number;
  /** Fixes the noise of every picture. Default 0. */
  readonly seed?: number;
  readonly imagesPerPrompt?: number;
  /** Pictures that are made at a time, default 8. */
  readonly batchSize?: number;
  /** Called after each call of the network; waited for. */
  readonly onStep?: (progress: SamplingProgress) => void | Promise<void>;
  /** Called with the pictures of each batch when they are done, in their order; waited for. What an abort comes too late for is kept this way. */
  readonly onPictures?: (pictures: readonly GeneratedImage[]) => void | Promise<void>;
  /** Ends the sampling within one step. */
  readonly signal?: AbortSignal;
}

export interface SamplingProgress extends Pick<LoopStep, 'timestep' | 'input' | 'latents'> {
  /** Network calls done over all batches, from 1. */
  readonly step: number;
  readonly total: number;
  /** Numbers of the pictures in this batch. */
  readonly indices: readonly number[];
  /** Decodes the pictures as they are now; noisy at first. Only during the callback. */
  preview(): Promise<GeneratedImage[]>;
  /**
   * The pictures as they are now, a pixel for each latent, by a linear map of the channels (`fitLatentColours`): next to no time after the first one.
   * Only during the callback.
   */
  quickPreview(): Promise<GeneratedImage[]>;
}

/** A batch's part that differs between pipelines. */
export interface Batch {
  /** Latents of the first noise level, owned by the loop. */
  readonly latents: tf.Tensor4D;
  readonly predict: Predictor;
  readonly adjust?: (latents: tf.Tensor4D, call: number) => tf.Tensor;
}

/** What a pipeline gets to prepare a batch with. */
export interface BatchRequest {
  /** Numbers of the pictures; repeated at the end where the batch is not full. */
  readonly indices: readonly number[];
  /** Contexts of the prompts, and of the negative prompt, [B, L, C]; borrowed. */
  readonly context: tf.Tensor3D;
  readonly negative: tf.Tensor3D;
  /** Draw number n of these pictures' noise, [B, h, w, C]; 0 is the start's, steps take those from 100 on. */
  readonly noise: (draw: number) => tf.Tensor4D;
  readonly scheduler: Scheduler;
}

/** The scheduler of a request. */
export function chooseScheduler(
  model: Model,
  choice: string | SchedulerConfig | undefined,
  steps: number,
  strength: number = 1,
): Scheduler {
  const config = typeof choice === 'string' ? exchangeScheduler(model.schedulerConfig, choice) : (choice ?? model.schedulerConfig);
  return createScheduler(config, { steps, strength });
}

/** Branches of classifier-free guidance, or the prompt's alone where the scale asks for none. */
export function textBranches(
  { context, negative }: Pick<BatchRequest, 'context' | 'negative'>,
  guidance: number,
  extra?: tf.Tensor4D,
): Branch[] {
  const given = extra ? { context, extra } : { context };
  return guidance > 1 ? [{ ...given, context: negative }, given] : [given];
}

const stepDraws = 100;

/** What the pipelines are told to do how strongly; each has some of them. */
interface Strengths {
  readonly strength?: number;
  readonly guidanceRescale?: number;
  readonly imageGuidance?: number;
}

/** What a picture's file will say of the request, beside its prompt, seed and number. */
function madeWith(where: string, options: SamplingOptions & Strengths, scheduler: Scheduler, steps: number): GeneratedImage['made'] {
  const { negative = '', guidance, imageGuidance, guidanceRescale, strength, eta } = options;
  const entries = {
    pipeline: where,
    negative_prompt: negative,
    scheduler: scheduler.className,
    steps,
    guidance,
    image_guidance: imageGuidance,
    guidance_rescale: guidanceRescale || undefined,
    strength,
    eta: eta || undefined,
    latents: 'latents' in options && options.latents ? 'given' : undefined,
  };
  return Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, string | number] => entry[1] !== undefined));
}

/**
 * Makes the pictures of a call, batch after batch.
 *
 * @param where    the pipeline's name, for errors
 * @param size     of the pictures
 * @param prepare  a batch's start and predictor, in a memory scope
 * @throws RangeError where a number is out of range; the signal's reason where it was raised
 */
export async function samplePictures(
  where: string,
  model: Model,
  options: SamplingOptions & Strengths,
  size: Size,
  prepare: (request: BatchRequest) => Batch,
): Promise<GeneratedImage[]> {
  const { prompts, negative = '', steps = 50, eta = 0, seed = 0, imagesPerPrompt = 1, batchSize = 8, signal } = options;
  checkModel(model, where);
  if (prompts.length === 0) throw new RangeError(`${where}: prompts: expected at least one; the empty text makes an unconditional picture`);
  for (const [name, value] of Object.entries({ imagesPerPrompt, batchSize }))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${where}: ${name}: expected a whole number from 1, got ${value}`);
  if (!(eta >= 0 && eta <= 1)) throw new RangeError(`${where}: eta: expected a number from 0 to 1, got ${eta}`);
  const scheduler = chooseScheduler(model, options.scheduler, steps, options.strength);
  const made = madeWith(where, options, scheduler, steps);

  const factor = latentFactor(model);
  const shape = [size[0] / factor, size[1] / factor, completeVaeConfig(model.vae.config).latent_channels] as const;
  const from: Key = key(seed);
  const texts = prompts.flatMap((prompt) => new Array<string>(imagesPerPrompt).fill(prompt));
  const count = Math.ceil(texts.length / batchSize);
  const rows = Math.ceil(texts.length / count); // batches of one size: one graph
  const [height, width] = size;
  expectSamplingMemory(where, model, { height, width, batch: rows, vaeSlicing: options.vaeSlicing, vaeTiling: options.vaeTiling });
  const total = count * scheduler.timesteps.length;
  const images: GeneratedImage[] = [];
  const without = encodePrompts(model, [negative]);
  warnLostTokens(`${where}: negative`, without.lostTokens);
  try {
    for (let start = 0; start < texts.length; start += rows) {
      signal?.throwIfAborted();
      const indices = Array.from({ length: rows }, (_, row) => Math.min(start + row, texts.length - 1));
      const batch = await sampleBatch(indices, Math.min(rows, texts.length - start), (start / rows) * scheduler.timesteps.length);
      images.push(...batch);
      await options.onPictures?.(batch);
    }
  } finally {
    without.context.dispose();
  }
  const first = images.filter(({ index }) => index % imagesPerPrompt === 0);
  warnLostTokens(
    where,
    first.map(({ lostTokens }) => lostTokens),
  );
  return images;

  async function sampleBatch(indices: number[], used: number, stepsBefore: number): Promise<GeneratedImage[]> {
    const noise = pictureNoise(from, indices, shape);
    const given = encodePrompts(
      model,
      indices.map((index) => texts[index]!),
    );
    const labels = indices
      .slice(0, used)
      .map((index, row): ImageLabel => ({ prompt: texts[index]!, seed, index, lostTokens: given.lostTokens[row]!, made }));
    const show = async (decoded: tf.Tensor4D): Promise<GeneratedImage[]> => {
      try {
        return await toImages(decoded, labels);
      } finally {
        decoded.dispose();
      }
    };
    const draw = (latents: tf.Tensor4D): Promise<GeneratedImage[]> => show(decodeLatents(model, latents, options));
    const unconditional = repeatRow(without.context, rows);
    let batch: Batch | undefined;
    let latents: tf.Tensor4D | undefined;
    try {
      batch = prepare({ indices, context: given.context, negative: unconditional, noise, scheduler });
      latents = await denoise({
        scheduler,
        latents: batch.latents,
        predict: batch.predict,
        eta,
        noise: (call) => noise(stepDraws + call),
        adjust: batch.adjust,
        signal,
        onStep: options.onStep && tell,
      });
      return await draw(latents);
    } finally {
      tf.dispose([given.context, unconditional, ...(batch ? [batch.latents] : []), ...(latents ? [latents] : [])]);
      batch?.predict.dispose();
    }

    async function tell({ call, timestep, input, latents: now, scaled }: LoopStep): Promise<void> {
      const mine = indices.slice(0, used);
      await options.onStep!({
        step: stepsBefore + call,
        total,
        timestep,
        input,
        latents: now,
        indices: mine,
        preview: () => draw(scaled),
        quickPreview: () => show(colourLatents(fitLatentColours(model), scaled)),
      });
    }
  }
}

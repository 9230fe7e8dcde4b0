/**
 * Where an instruction wants to change an image: how far predictions with and without it lie apart. Couairon et al. 2022 (DiffEdit, arXiv:2210.11427),
 * section 3.2; for instructions to radiographs InstructX2X (Min et al. 2025).
 */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, scope } from '../engine';
import { noiseTables } from '../schedulers';
import { completeVaeConfig } from '../vae/internal';
import { repeatRow } from './batch';
import { encodePrompts } from './context';
import { expectEditing, imageCondition } from './edit';
import { unguided } from './guidance';
import { type InputImage, imageBatch, onePerPrompt } from './image-input';
import { encodeImages, imageNoise, imageSize, type VaeMemory } from './latents';
import { expectWeights, latentFactor, type Model } from './model';
import { predictor } from './predictor';
import { SAMPLING_DEFAULTS } from './sampling-options';

export interface EditRegionsOptions extends VaeMemory {
  readonly prompts: readonly string[];
  /** One for all prompts, or one for each; all of one size. */
  readonly images: readonly InputImage[];
  /** How noisy the image is that both predictions are of: a fraction of the training's timesteps. Default 0.8, InstructX2X's. */
  readonly noiseLevel?: number;
  /** Noises that are averaged over. Default 4; InstructX2X takes one. */
  readonly draws?: number;
  /** Fixes the noises. Default 0. */
  readonly seed?: number;
  /** Ends it before the next prediction. */
  readonly signal?: AbortSignal;
}

/** Of one prompt and image: a number at each pixel, those of one latent's pixels the same. */
export interface EditRegion {
  /** Mean of |ε(image, text) − ε(image, no text)| over channels and noises, [height · width], row by row, from 0; ε has a standard deviation of 1. */
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Where prompts want to change images, by a model trained to edit.
 *
 * @returns one for each prompt, of the images' size
 * @throws RangeError where the model is no editing one, or an option or an image's size is out of range; the signal's reason where it was raised
 */
export async function editRegions(model: Model, options: EditRegionsOptions): Promise<EditRegion[]> {
  const { prompts, noiseLevel = 0.8, draws = 4, seed = SAMPLING_DEFAULTS.seed, signal } = options;
  expectWeights(model, 'editRegions');
  expectEditing(model, 'editRegions');
  if (!(noiseLevel > 0 && noiseLevel < 1))
    throw new RangeError(`editRegions: noiseLevel: expected a number between 0 and 1, got ${noiseLevel}`);
  if (!(Number.isInteger(draws) && draws >= 1)) throw new RangeError(`editRegions: draws: expected a whole number from 1, got ${draws}`);
  if (prompts.length === 0) throw new RangeError('editRegions: prompts: expected at least one');
  const images = onePerPrompt('editRegions', options.images, prompts.length);
  const [height, width] = imageSize(model, [images[0]!.height, images[0]!.width]);
  const pixels = imageBatch('editRegions', images, model.vae.config.in_channels ?? 3);
  try {
    const regions: EditRegion[] = [];
    for (const [i, prompt] of prompts.entries()) {
      const image = scope(() => tf.slice(pixels, [i, 0, 0, 0], [1, -1, -1, -1]) as tf.Tensor4D);
      try {
        const values = await differences(model, image, prompt, { ...options, noiseLevel, draws, seed, signal });
        regions.push({ values: overPixels(values, width, latentFactor(model)), width, height });
      } finally {
        image.dispose();
      }
    }
    return regions;
  } finally {
    pixels.dispose();
  }
}

/** Of each latent, [h · w]. */
async function differences(
  model: Model,
  image: tf.Tensor4D,
  prompt: string,
  { noiseLevel, draws, seed, signal, ...memory }: Required<Pick<EditRegionsOptions, 'noiseLevel' | 'draws' | 'seed'>> & EditRegionsOptions,
): Promise<Float32Array> {
  const { signal: signals, noise: noises, numTrainTimesteps, predictionType } = noiseTables(model.schedulerConfig);
  const t = Math.min(numTrainTimesteps - 1, Math.round(noiseLevel * numTrainTimesteps));
  const level = { signal: signals[t]!, noise: noises[t]! };
  // ε is linear in the network's output, with this slope, and the rest of it is the same in both (schedulers: interpret).
  const slope = predictionType === 'sample' ? level.signal / level.noise : predictionType === 'v_prediction' ? level.signal : 1;
  const { lostTokens: _, ...text } = encodePrompts(model, [prompt]);
  const { lostTokens: __, ...none } = encodePrompts(model, ['']);
  const clean = encodeImages(model, image, undefined, memory);
  const condition = imageCondition(model, image, memory);
  const [, h, w] = clean.shape;
  const shape = [h, w, completeVaeConfig(model.vae.config).latent_channels] as const;
  const rows = Array.from({ length: draws }, (_, draw) => draw);
  const inputs = scope(() => ({
    latents: tf.add(tf.mul(clean, level.signal), tf.mul(imageNoise(key(seed), rows, shape)(0), level.noise)) as tf.Tensor4D,
    extra: repeatRow(condition, draws),
  }));
  const predictions: tf.Tensor4D[] = [];
  try {
    for (const context of [text, none]) {
      signal?.throwIfAborted();
      const branch = scope(() => ({
        context: repeatRow(context.context, draws),
        ...(context.mask && { mask: repeatRow(context.mask, draws) }),
      }));
      const predict = predictor(model, [{ ...branch, extra: inputs.extra }], unguided);
      predictions.push(predict(inputs.latents, t));
      predict.dispose();
      dispose(branch);
    }
    const [withText, without] = predictions as [tf.Tensor4D, tf.Tensor4D];
    const mean = scope(() => tf.mul(tf.mean(tf.abs(tf.sub(withText, without)), [0, 3]), slope));
    const values = (await mean.data()) as Float32Array;
    mean.dispose();
    return values;
  } finally {
    dispose(text, none, clean, condition, inputs, predictions);
  }
}

/** A latent's value at each of its pixels. */
function overPixels(values: Float32Array, width: number, factor: number): Float32Array {
  const columns = width / factor;
  return Float32Array.from(
    { length: values.length * factor * factor },
    (_, i) => values[Math.floor(i / width / factor) * columns + Math.floor((i % width) / factor)]!,
  );
}

/**
 * The part of a region where the instruction wants most, as a mask to edit within (`editImage`): 1 where it is at least this fraction of its largest value.
 *
 * @param fraction above 0, at most 1
 * @throws RangeError where the fraction is out of range, or the instruction changes nothing anywhere
 */
export function regionMask({ values, width, height }: EditRegion, fraction: number): InputImage {
  if (!(fraction > 0 && fraction <= 1))
    throw new RangeError(`regionMask: fraction: expected a number above 0 and up to 1, got ${fraction}`);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  if (!(most > 0))
    throw new RangeError('regionMask: the instruction changes nothing anywhere: predictions with and without it are the same');
  return { pixels: values.map((value) => (value >= fraction * most ? 1 : 0)), width, height, channels: 1 };
}

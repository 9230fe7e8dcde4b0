/** Images on the way from one prompt or seed to another. */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, scope } from '../engine';
import { encodePrompts } from './context';
import type { GeneratedImage } from './images';
import { imageNoise, imageSize } from './latents';
import { latentFactor, type Model } from './model';
import { guidedPredictor } from './predictor';
import { sampleImages } from './sampling';
import { SAMPLING_DEFAULTS } from './sampling-options';
import type { TextToImageOptions } from './text-to-image';

/** What an image of `textToImage` follows from. */
export interface PromptAndSeed {
  readonly prompt: string;
  readonly seed: number;
}

export interface InterpolateOptions
  extends Omit<TextToImageOptions, 'prompts' | 'seed' | 'imagesPerPrompt' | 'latents' | 'part' | 'onImages'> {
  readonly from: PromptAndSeed;
  readonly to: PromptAndSeed;
  /** How far along each image lies, 0 to 1. */
  readonly fractions: readonly number[];
}

/**
 * Images between two of `textToImage`, whose own they are at 0 and 1: contexts are mixed linearly, noise along the great circle (Shoemake
 * 1985, "Animating rotation with quaternion curves"), on which it keeps its length. Equal prompts, or equal seeds, stay what they are.
 *
 * @returns one image for each fraction; its prompt and seed are those of the nearer end, and `made` names both
 * @throws RangeError where a fraction is not from 0 to 1, and as `textToImage`
 * @example
 * const [from, to] = ['left', 'right'].map((side) => ({ prompt: `Large ${side} pleural effusion.`, seed: 7 }));
 * const images = await interpolate(model, { from, to, fractions: [0, 0.25, 0.5, 0.75, 1] });
 */
export async function interpolate(model: Model, { from, to, fractions, ...options }: InterpolateOptions): Promise<GeneratedImage[]> {
  const { guidance = SAMPLING_DEFAULTS.guidance, rescale = SAMPLING_DEFAULTS.rescale } = options;
  for (const fraction of fractions)
    if (!(fraction >= 0 && fraction <= 1)) throw new RangeError(`interpolate: fractions: expected numbers from 0 to 1, got ${fraction}`);
  const size = imageSize(model, options.size);
  const factor = latentFactor(model);
  const shape = [size[0] / factor, size[1] / factor, model.unet.config.in_channels ?? 4] as const;
  const nearer = fractions.map((fraction) => (fraction <= 0.5 ? from : to));
  const request = { ...options, guidance, rescale, seed: from.seed, prompts: nearer.map(({ prompt }) => prompt) };
  const { context: ends, mask: endMasks } = encodePrompts(model, [from.prompt, to.prompt]);
  try {
    const images = await sampleImages('interpolate', model, request, size, ({ indices, negative, scheduler }) => {
      const along = indices.map((index) => fractions[index]!);
      const [start, end] = [from, to].map(({ seed }) => imageNoise(key(seed), [0], shape));
      const draw = (n: number): tf.Tensor4D =>
        scope(() =>
          from.seed === to.seed ? tf.tile(start!(n), [along.length, 1, 1, 1]) : onCircle(start!(n), end!(n), along),
        ) as tf.Tensor4D;
      const context = scope(() => linear(ends, along));
      const mask = endMasks && scope(() => linear(endMasks, along));
      const latents = scope(() => tf.mul(draw(0), scheduler.initNoiseSigma)) as tf.Tensor4D;
      const predict = guidedPredictor(model, { prompts: { context, mask }, negative }, { guidance, rescale });
      return { latents, predict, noise: draw, owned: { context, mask } };
    });
    return images.map((image, i) => {
      const ends = { from_prompt: from.prompt, from_seed: from.seed, to_prompt: to.prompt, to_seed: to.seed };
      return { ...image, seed: nearer[i]!.seed, made: { ...image.made, ...ends, fraction: fractions[i]! } };
    });
  } finally {
    dispose(ends, endMasks);
  }
}

/** Between two rows, [2, …], by each fraction: [n, …]. */
function linear<T extends tf.Tensor>(ends: T, fractions: readonly number[]): T {
  const [a, b] = tf.split(ends, 2) as [tf.Tensor, tf.Tensor];
  return tf.concat(fractions.map((t) => tf.add(tf.mul(a, 1 - t), tf.mul(b, t)))) as T;
}

/** Between two draws, [1, h, w, C], by each fraction, along the circle through both: [n, h, w, C]. */
function onCircle(a: tf.Tensor4D, b: tf.Tensor4D, fractions: readonly number[]): tf.Tensor4D {
  const cosine = tf.div(tf.sum(tf.mul(a, b)), tf.mul(tf.norm(a), tf.norm(b)));
  const angle = tf.acos(tf.clipByValue(cosine, -1, 1));
  const weight = (t: number): tf.Tensor => tf.div(tf.sin(tf.mul(angle, t)), tf.sin(angle));
  return tf.concat(fractions.map((t): tf.Tensor4D => tf.add(tf.mul(a, weight(1 - t)), tf.mul(b, weight(t)))));
}

/** A whole small model at a stretch, out of images and texts: autoencoder, then U-Net and text encoder. */

import { type Key, split } from '../engine';
import type { Rows } from '../files';
import { disposeModel, type Model } from '../pipelines';
import { trainBpe } from '../tokenizers';
import type { StepLog } from '../training';
import { fitDiffusion, fitVae } from './fit';
import { initModel } from './init-model';
import type { Recipe } from './recipe';

export interface FitModelOptions {
  readonly recipe: Recipe;
  /** As for `fitVae`. */
  readonly pixels: Float32Array | Rows;
  /** One for each image. */
  readonly texts: readonly string[];
  /** What the tokenizer is made of; by default the texts. */
  readonly words?: readonly string[];
  readonly key: Key;
  readonly signal?: AbortSignal;
  /** Called after each step of a training: which part, steps done and all of them, over both parts, and the loss. */
  readonly onStep?: (part: 'autoencoder' | 'U-Net and text encoder', step: number, steps: number, loss: number) => void;
}

/**
 * Trains a model from random weights.
 *
 * @returns the model, which the caller disposes (`disposeModel`), and the diffusion model's log
 * @throws Error where it was interrupted: nothing is left then
 */
export async function fitModel(options: FitModelOptions): Promise<{ readonly model: Model; readonly log: readonly StepLog[] }> {
  const { recipe, pixels, texts, words = texts, signal, onStep } = options;
  const [modelKey, vaeKey, diffusionKey] = split(options.key, 3) as [Key, Key, Key];
  const { vocabulary_size: vocabularySize, max_length: maxLength } = recipe.tokenizer;
  const model = initModel(recipe, trainBpe(words, { vocabularySize, maxLength }), modelKey);
  const [first, second] = [recipe.vae.optimisation.steps, recipe.diffusion.optimisation.steps];
  try {
    const vae = await fitVae(model, recipe, pixels, {
      key: vaeKey,
      signal,
      onStep: ({ step, loss }) => onStep?.('autoencoder', step, first + second, loss),
    });
    const diffusion = vae.interrupted
      ? vae
      : await fitDiffusion(model, recipe, pixels, texts, {
          key: diffusionKey,
          signal,
          onStep: ({ step, loss }) => onStep?.('U-Net and text encoder', first + step, first + second, loss),
        });
    if (diffusion.stopped) throw new Error('fitModel: interrupted, so nothing was kept; run it again to train the model');
    return { model, log: diffusion.log };
  } catch (error) {
    disposeModel(model);
    throw error;
  }
}

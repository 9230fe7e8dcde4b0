/** A small model that is trained once and kept, for notebooks that need one and are not about training. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadPixels, openPhantom, phantomSplit } from '../datasets';
import { textsOf } from '../datasets/internal';
import { type Key, key, split } from '../engine';
import { tellWait } from '../engine/internal';
import { isFile } from '../files/internal';
import { disposeModel, loadModel, type Model, saveModel } from '../pipelines';
import { trainBpe } from '../tokenizers';
import { tailLoss } from '../training';
import { fitDiffusion, fitVae } from './fit';
import { initModel } from './init-model';
import type { Recipe } from './recipe';
import { lossOnCard, trainingCard } from './training-card';

/** Where a model may be, and how one is made where there is none. */
export interface KeptModelOptions {
  /** Model folders, or packed files, the best one first; a model that had to be trained is kept in the last, a folder. */
  readonly folders: readonly [string, ...string[]];
  readonly recipe: Recipe;
  /** Default 1. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Called after each step of a training: which part, steps done and all of them, over both parts, and the loss. */
  readonly onStep?: (part: 'autoencoder' | 'U-Net and text encoder', step: number, steps: number, loss: number) => void;
}

/**
 * The model of the first folder that holds one; where none does, one trained by the recipe on the phantom.
 *
 * @returns the caller disposes it (`disposeModel`); its `folder` says which it is
 * @throws Error where training was interrupted
 */
export async function keptModel({ folders, recipe, seed = 1, signal, onStep }: KeptModelOptions): Promise<Model> {
  const trained = folders.find((folder) => isFile(folder) || existsSync(join(folder, 'model_index.json')));
  if (trained !== undefined) return loadModel(trained);
  const folder = folders.at(-1)!;
  const [modelKey, vaeKey, diffusionKey] = split(key(seed), 3) as [Key, Key, Key];
  const { train } = phantomSplit(recipe.data);
  const texts = textsOf(train);
  const pixels = await loadPixels(train, recipe.size, { onProgress: (done, total) => tellWait('drawing images', done, total) });
  tellWait('making a tokenizer');
  const words = [...texts, ...textsOf(openPhantom({ style: 'impression', count: 1000 }))];
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
    if (diffusion.stopped) throw new Error('keptModel: interrupted, so nothing was kept; run the cell again to train the model');
    const { log } = diffusion;
    await saveModel(model, folder, trainingCard(recipe, { train, seed, steps: log.length, measures: { [lossOnCard]: tailLoss(log) } }));
    model.folder = folder;
    return model;
  } catch (error) {
    disposeModel(model);
    throw error;
  }
}

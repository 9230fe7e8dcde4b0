/** A small model that is trained once and kept, for notebooks that need one and are not about training. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadPixels, openPhantom, phantomSplit } from '../datasets';
import { textsOf } from '../datasets/internal';
import { key } from '../engine';
import { tellWait } from '../engine/internal';
import { isFile } from '../files/internal';
import { disposeModel, loadModel, type Model, saveModel } from '../pipelines';
import { tailLoss } from '../training';
import { type FitModelOptions, fitModel } from './fit-model';
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
  readonly onStep?: FitModelOptions['onStep'];
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
  const { train } = phantomSplit(recipe.data);
  const texts = textsOf(train);
  const pixels = await loadPixels(train, recipe.size, { onProgress: (done, total) => tellWait('drawing images', done, total) });
  tellWait('making a tokenizer');
  const words = [...texts, ...textsOf(openPhantom({ style: 'impression', count: 1000 }))];
  const { model, log } = await fitModel({
    recipe,
    pixels,
    texts,
    words,
    key: key(seed),
    ...(signal && { signal }),
    ...(onStep && { onStep }),
  });
  try {
    await saveModel(model, folder, trainingCard(recipe, { train, seed, steps: log.length, measures: { [lossOnCard]: tailLoss(log) } }));
  } catch (error) {
    disposeModel(model);
    throw error;
  }
  model.folder = folder;
  return model;
}

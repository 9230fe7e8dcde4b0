/** In whose features an autoencoder's perceptual term compares images: those of the classifier that a recipe is measured with. */

import { type Dataset, phantomSplit, worldSplit } from '../datasets';
import type { Classifier } from '../metrics';
import { type KeptClassifierOptions, keptClassifier } from './kept-classifier';
import type { Recipe } from './recipe';

/** What a recipe's classifier is trained on: the world for data of the world, and for all others the phantom, which has labels and sides of everything. */
export function classifierData({ data: counts }: Recipe, data: string): Dataset {
  return (data === 'world' ? worldSplit(counts) : phantomSplit(counts)).train;
}

/**
 * The classifier in whose features images are compared, where the recipe's `vae.weights.perceptual` asks for it: kept, or trained first.
 *
 * @returns the caller disposes its parameters
 * @throws the signal's reason where it was raised
 */
export async function perceptualJudge(recipe: Recipe, data: string, options: KeptClassifierOptions): Promise<Classifier | undefined> {
  if (!recipe.vae.weights.perceptual) return undefined;
  try {
    return await keptClassifier(recipe, classifierData(recipe, data), options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  }
}

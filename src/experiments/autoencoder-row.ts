/** One row of the table of autoencoders: what a base model's own loses of radiographs, as it is or trained by a recipe. */

import { join } from 'node:path';
import { loadPixels, phantomSplit } from '../datasets';
import { key } from '../engine';
import { perceptualNetwork, type ReconstructionError, reconstructionError } from '../metrics';
import { disposeModel, loadModel, reconstruct } from '../pipelines';
import { fitVae } from './fit';
import type { Recipe } from './recipe';
import type { MeasureOptions, StrategyBench } from './strategy-bench';

/** What an autoencoder loses of radiographs. */
export interface AutoencoderRow extends ReconstructionError {
  readonly name: string;
}

/** Images that its error is measured on. */
const RECONSTRUCTED = 64;

/**
 * The error of the base's autoencoder on test radiographs: as it is, as the paper uses Stable Diffusion's, or trained by a recipe first.
 *
 * @param recipe undefined for the autoencoder as it is
 */
export async function measureAutoencoder(
  bench: StrategyBench,
  recipe: Recipe | undefined,
  options: MeasureOptions = {},
): Promise<AutoencoderRow> {
  const { signal, onProgress } = options;
  const { size, data } = bench.recipe;
  const { train, test } = phantomSplit({ ...data, views: undefined });
  const model = await loadModel(bench.base);
  try {
    if (recipe) {
      const pixels = await loadPixels(train, size, { signal });
      await fitVae(model, { ...recipe, size }, pixels, {
        key: key(bench.seed),
        checkpoint: join(bench.out, recipe.name, 'checkpoints'),
        perceptual: recipe.vae.weights.perceptual ? perceptualNetwork(bench.classifier) : undefined,
        signal,
        onStep: ({ step, steps, loss }) => onProgress?.(`${recipe.name}: training, loss ${loss.toFixed(3)}`, step, steps),
      });
      signal?.throwIfAborted();
    }
    const pixels = (await loadPixels(test, size, { signal })).slice(0, Math.min(RECONSTRUCTED, test.length) * size * size);
    return {
      name: recipe ? `trained by ${recipe.name}` : 'as it is',
      ...reconstructionError(pixels, reconstruct(model, pixels, size), size),
    };
  } finally {
    disposeModel(model);
  }
}

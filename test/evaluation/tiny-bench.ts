/** A bench with an untrained model of 16 pixels and a few phantom images: for tests of the way, not of what is measured. */

import { join } from 'node:path';
import { startEngine } from 'roentgen-lab/engine';
import { type Bench, type BenchOptions, openBench } from 'roentgen-lab/evaluation';
import { loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { disposeModel, saveModel } from 'roentgen-lab/pipelines';
import { tinyModel } from '../pipelines/tiny-model';

/** Writes the model and opens a bench in `folder`. */
export async function tinyBench(folder: string, options: Partial<BenchOptions> = {}): Promise<Bench> {
  await startEngine();
  const model = tinyModel();
  await saveModel(model, join(folder, 'tiny', 'model'));
  disposeModel(model);
  const recipe = overrideRecipe(await loadRecipe('smoke'), {
    'data.train': 40,
    'data.test': 24,
    'evaluation.pictures': 24,
    'sampling.steps': 2,
    'classifier.optimisation.steps': 3,
    'classifier.optimisation.batch_size': 8,
  });
  return openBench({
    models: [join(folder, 'tiny', 'model')],
    data: { data: 'phantom' },
    out: join(folder, 'out'),
    recipe,
    quick: true,
    ...options,
  });
}

/** Networks that find entities and relations, small enough to be trained in a test. */

import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { dispose, key } from 'roentgen-lab/engine';
import { fitRadGraph, goldToLearn, loadRadGraphRecipe, type RadGraphRecipe, startOfTraining } from 'roentgen-lab/systems';
import { tempDir } from '../../support';

/** A built-in recipe, as small as it still learns something in seconds. */
export async function tinyRecipe(steps: number): Promise<RadGraphRecipe> {
  const recipe = await loadRadGraphRecipe('small');
  return {
    ...recipe,
    vocabulary_size: 400,
    network: { ...recipe.network, max_words: 32, max_pieces: 48, hidden_dims: [32, 32] },
    bert: { ...recipe.bert, hidden_size: 48, num_attention_heads: 2, num_hidden_layers: 1, intermediate_size: 96 },
    optimisation: { ...recipe.optimisation, steps, batch_size: 8, learning_rate: { peak: 4e-3, schedule: 'linear', warmup: 5, floor: 0 } },
    phantom: { train: 200, test: 40, typos: 0, doubt: 0 },
  };
}

/** Trains it. @returns its folder */
export async function fitTiny(
  t: TestContext,
  recipe: RadGraphRecipe,
  more: Partial<Parameters<typeof fitRadGraph>[3]> = {},
): Promise<string> {
  const folder = join(tempDir(t), 'model');
  const reports = await goldToLearn(recipe);
  const { params } = await fitRadGraph(recipe, await startOfTraining(recipe, reports), folder, { reports, key: key(3), ...more });
  dispose(params);
  return folder;
}

/** A recipe of a few steps, each of four batches. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tiniest } from '../tiniest';

const optimised = (steps: number) => ({ optimisation: { steps, batch_size: 4, accumulation: 4, learning_rate: { warmup: 2 } } });

export function recipeFile(folder: string): string {
  const file = join(folder, 'recipe.json');
  const { vae, ...networks } = tiniest;
  const recipe = {
    extends: 'smoke',
    name: 'shared',
    ...networks,
    vae: { ...vae, ...optimised(4) },
    diffusion: optimised(5),
    data: { train: 32, test: 8 },
    run: { sample_every: 3, sample_prompts: 1, checkpoint_every: 2 },
  };
  writeFileSync(file, JSON.stringify(recipe));
  return file;
}

/** A tiny model of random weights in a folder, and a bench of it, for tests of what looks at adaptation. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, type BenchOptions, openBench } from 'roentgen-lab/evaluation';
import { loadRecipe, overrideRecipe, type Recipe } from 'roentgen-lab/experiments';
import { tiniest } from '../tiniest';
import { saveUntrained } from '../untrained-model';

/** Writes it with the recipe that it is made by; `name` tells two models apart. */
export async function saveTiny(folder: string, name = 'base'): Promise<string> {
  const recipe = join(folder, `${name}.json`);
  writeFileSync(recipe, JSON.stringify({ extends: 'smoke', name, ...tiniest, text_encoder: { config: { num_hidden_layers: 2 } } }));
  await saveUntrained(join(folder, name), recipe);
  return join(folder, name);
}

/** What trainings and pictures are made with: a few steps of everything. */
export async function tinyRecipe(): Promise<Recipe> {
  const smoke = await loadRecipe('smoke');
  return overrideRecipe(smoke, {
    data: { train: 32, test: 24 },
    'sampling.steps': 2,
    'classifier.channels': [8, 8, 8],
    'classifier.hidden': 8,
    'classifier.optimisation.steps': 3,
  });
}

export async function tinyBench(model: string, out: string, options: Partial<BenchOptions> = {}): Promise<Bench> {
  return openBench({ models: [model], data: { data: 'phantom' }, out, recipe: await tinyRecipe(), prompts: 8, ...options });
}

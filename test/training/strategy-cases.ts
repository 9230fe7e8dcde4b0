/** A tiny model trained by every strategy: recipes, bytes of all leaves, and what each strategy trains. */

import { flatten, key, type Tree, uniformArray } from 'roentgen-lab/engine';
import { type FitDiffusionOptions, fitDiffusion, loadRecipe, overrideRecipe, type Recipe } from 'roentgen-lab/experiments';
import type { Model } from 'roentgen-lab/pipelines';
import type { StrategySettings } from 'roentgen-lab/training';
import { tinyModel } from '../pipelines/tiny-model';

export const SIZE = 16;
export const COUNT = 12;
export const pixels = uniformArray(key(3), COUNT * SIZE * SIZE);
export const texts = Array.from({ length: COUNT }, (_, i) => (i % 2 ? 'left pleural effusion' : 'no acute process'));

export async function recipeOf(strategy: StrategySettings, steps = 3): Promise<Recipe> {
  const recipe = await loadRecipe('smoke');
  return overrideRecipe(
    { ...recipe, size: SIZE },
    {
      'diffusion.strategy': strategy,
      'diffusion.optimisation': {
        ...recipe.diffusion.optimisation,
        steps,
        batch_size: 4,
        learning_rate: { peak: 1e-2, schedule: 'constant', warmup: 0, floor: 0 },
      },
      'sampling.steps': 2,
    },
  );
}

/** Parameters by path, as copies of their bytes. */
export function bytesOf(model: Model): Record<string, Float32Array> {
  const tree = { unet: model.unet.params, textEncoder: model.textEncoder.params, vae: model.vae.params } as Tree;
  return Object.fromEntries(Object.entries(flatten(tree)).map(([path, leaf]) => [path, leaf.dataSync<'float32'>().slice()]));
}

export const changed = (a: Record<string, Float32Array>, b: Record<string, Float32Array>): string[] =>
  Object.keys(a).filter((path) => b[path] === undefined || !Buffer.from(a[path]!.buffer).equals(Buffer.from(b[path]!.buffer)));

/** Trains a tiny model: what it was, what it is, how it went. */
export async function fit(
  strategy: StrategySettings,
  steps = 3,
  options: Partial<FitDiffusionOptions> = {},
): Promise<{ model: Model; before: Record<string, Float32Array>; recipe: Recipe; losses: number[] }> {
  const model = tinyModel();
  const before = bytesOf(model);
  const recipe = await recipeOf(strategy, steps);
  const { log } = await fitDiffusion(model, recipe, pixels, texts, { key: key(11), ...options });
  return { model, before, recipe, losses: log.map(({ loss }) => loss) };
}

export const table = 'textEncoder.text_model.embeddings.token_embedding.weight';
export const cases: { settings: StrategySettings; trains: (path: string) => boolean }[] = [
  { settings: { name: 'joint' }, trains: (path) => !path.startsWith('vae.') },
  { settings: { name: 'unet-only' }, trains: (path) => path.startsWith('unet.') },
  { settings: { name: 'random-unet' }, trains: (path) => !path.startsWith('vae.') },
  { settings: { name: 'random-unet', text_encoder: false }, trains: (path) => path.startsWith('unet.') },
  {
    settings: { name: 'dreambooth', pictures: 3, prior_pictures: 4, class_prompts: ['no acute process'] },
    trains: (path) => !path.startsWith('vae.'),
  },
  {
    settings: { name: 'dreambooth', pictures: 3, prior_pictures: 4, class_prompts: [''], text_encoder: false },
    trains: (path) => path.startsWith('unet.'),
  },
  { settings: { name: 'textual-inversion', vectors: 2, initialiser: 'pleural' }, trains: (path) => path === table },
  { settings: { name: 'lora', rank: 2, alpha: 4, parts: ['unet', 'textEncoder'] }, trains: () => false },
  { settings: { name: 'replay', records: 4 }, trains: (path) => !path.startsWith('vae.') },
  { settings: { name: 'replay', records: 4, made: true, text_encoder: false }, trains: (path) => path.startsWith('unet.') },
  { settings: { name: 'ewc', records: 3, lambda: 1 }, trains: (path) => !path.startsWith('vae.') },
  { settings: { name: 'ewc', records: 3, text_encoder: false }, trains: (path) => path.startsWith('unet.') },
  { settings: { name: 'distillation', records: 4 }, trains: (path) => !path.startsWith('vae.') },
  { settings: { name: 'distillation', records: 4, made: false, text_encoder: false }, trains: (path) => path.startsWith('unet.') },
];

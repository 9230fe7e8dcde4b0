/** Recipes: everything that a run needs, as one JSON file. The built-in ones are in `data/recipes`. */

import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TextEncoderConfig } from '../encoders';
import { readJson } from '../files';
import type { SchedulerConfig } from '../schedulers';
import type { UNetConfig } from '../unet';
import type { VaeConfig } from '../vae';
import type { VaeLossWeights } from './losses';
import type { Optimisation } from './train';

/** A small model trained from nothing: autoencoder, then U-Net and text encoder jointly, then measures. */
export interface Recipe {
  readonly name: string;
  /** Pixels a side. */
  readonly size: number;
  readonly tokenizer: { readonly vocabulary_size: number; readonly max_length: number };
  readonly vae: { readonly config: VaeConfig; readonly weights: VaeLossWeights; readonly optimisation: Optimisation };
  readonly unet: UNetConfig;
  readonly text_encoder: { readonly config: TextEncoderConfig; readonly token_std: number };
  readonly scheduler: SchedulerConfig;
  readonly diffusion: { readonly text_dropout: number; readonly optimisation: Optimisation };
  readonly sampling: { readonly steps: number; readonly guidance: number };
  /** Pictures of a built-in dataset to train on, and others to measure on. */
  readonly data: { readonly train: number; readonly test: number };
  readonly classifier: {
    readonly channels: readonly [number, number, number];
    readonly hidden: number;
    readonly optimisation: Optimisation;
  };
  readonly evaluation: { readonly pictures: number };
  /** What a run must reach, where it says so. */
  readonly expect: {
    /** FID after over FID before, at most. */
    readonly fidRatio: number;
    /** FID after over that of the model it started from, at most. */
    readonly startRatio?: number;
    /** Mean AUROC on generated pictures, at least. */
    readonly auroc?: number;
    /** Share of sides shown as asked, at least. */
    readonly side?: number;
  };
}

const FOLDER = resolve(__dirname, '..', '..', 'data', 'recipes');
const PARTS = [
  'size',
  'tokenizer',
  'vae',
  'unet',
  'text_encoder',
  'scheduler',
  'diffusion',
  'sampling',
  'data',
  'classifier',
  'evaluation',
];

/** Names of the built-in recipes. */
export function recipeNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length));
}

/** Values of `over` in place of those of `base`; objects are merged, lists and numbers replaced. */
function merge(base: unknown, over: unknown): unknown {
  const plain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!plain(base) || !plain(over)) return over;
  const merged = { ...base };
  for (const [name, value] of Object.entries(over)) merged[name] = name in base ? merge(base[name], value) : value;
  return merged;
}

/**
 * Reads a recipe by its name, or from a file. A recipe that `extends` another one says only what differs.
 *
 * @throws RangeError where there is none of that name, listing those there are; Error where a part is missing, naming it
 */
export async function loadRecipe(nameOrFile: string): Promise<Recipe> {
  const builtIn = join(FOLDER, `${nameOrFile}.json`);
  const file = existsSync(builtIn) ? builtIn : nameOrFile;
  if (!existsSync(file))
    throw new RangeError(`loadRecipe: no recipe "${nameOrFile}"; there are ${recipeNames().join(', ')}, or give a JSON file`);
  const { extends: parent, ...own } = (await readJson(file)) as Record<string, unknown>;
  const recipe = (typeof parent === 'string' ? merge(await loadRecipe(parent), own) : own) as unknown as Recipe;
  const missing = PARTS.filter((part) => !(part in recipe));
  if (missing.length > 0) throw new Error(`${file}: the recipe lacks ${missing.join(', ')}`);
  return recipe;
}

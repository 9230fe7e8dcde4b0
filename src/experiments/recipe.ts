/** Recipes: everything that a run needs, as one JSON file. The built-in ones are in `data/recipes`. */

import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Augmentation, Projection, TextStyle } from '../datasets';
import { textStyles } from '../datasets/internal';
import type { TextEncoderConfig } from '../encoders';
import { textEncoderFacts } from '../encoders/internal';
import type { Precision } from '../engine';
import { precisions } from '../engine/internal';
import { checkContent, FileError, readObject } from '../files';
import { checkSettings, is, optional, type ShapeOf } from '../files/internal';
import type { SchedulerConfig } from '../schedulers';
import { checkScheduler } from '../schedulers/internal';
import type { DiffusionObjective, Optimisation, StrategySettings, VaeLossWeights } from '../training';
import { checkCrop, optimisationShape, strategyOf } from '../training/internal';
import type { UNetConfig } from '../unet';
import { completeUNetConfig } from '../unet/internal';
import type { VaeConfig } from '../vae';
import { completeVaeConfig, vaeFactor } from '../vae/internal';

/** A small model trained from random weights: autoencoder, then U-Net and text encoder jointly, then metrics. */
export interface Recipe {
  readonly name: string;
  /** For people; parts may have one too. */
  readonly comment?: string;
  /** The recipe on the phantom whose model this one starts from, all parts of which it trains further, the autoencoder first: it is for anybody's images of its size. */
  readonly adapts?: string;
  /** Width and height of the images, pixels. */
  readonly size: number;
  /** What products are computed in while parts train that do not say so themselves (`optimisation.precision`). Default: what the engine was started with. */
  readonly precision?: Precision;
  readonly tokenizer: { readonly vocabulary_size: number; readonly max_length: number };
  readonly vae: {
    readonly config: VaeConfig;
    readonly weights: VaeLossWeights;
    readonly optimisation: Optimisation;
    /** Probability that an image is mirrored left to right. Default 0, as it must be for chests. */
    readonly flip?: number;
    /** Side of the random squares of the images that it trains on, pixels, a multiple of its factor; the whole images where it is left out. */
    readonly crop?: number;
    /** Recompute activations in the backward pass: less memory, more time. */
    readonly checkpointing?: boolean;
  };
  readonly unet: UNetConfig;
  readonly text_encoder: { readonly config: TextEncoderConfig; readonly token_std: number };
  readonly scheduler: SchedulerConfig;
  readonly diffusion: DiffusionObjective & {
    /** How the model is adapted, `{ name, … }` (`strategyOf`). Default joint. */
    readonly strategy?: StrategySettings;
    readonly text_dropout: number;
    /** Of a model that edits: fraction of examples without their original image, and fraction without both that and text. Default 0. */
    readonly original_dropout?: number;
    readonly both_dropout?: number;
    readonly checkpointing?: boolean;
    readonly optimisation: Optimisation;
  };
  /** What a run keeps while it trains (`roentgen train`). */
  readonly run?: {
    /** Steps between checkpoints, and how many stay. */
    readonly checkpoint_every?: number;
    readonly checkpoints_kept?: number;
    /** Steps between images of the same prompts. */
    readonly sample_every?: number;
    readonly sample_prompts?: number;
  };
  /** As `textToImage` takes them. */
  readonly sampling: {
    readonly steps: number;
    readonly guidance: number;
    /** φ of Lin et al. 2023 (arXiv:2305.08891), 0 to 1: how far guided predictions are brought back to the spread of unguided ones. Default 0. */
    readonly rescale?: number;
  };
  readonly data: {
    /** Images of a built-in dataset to train on, and others to measure on. */
    readonly train: number;
    readonly test: number;
    /** The phantom's views to train on, by default PA and AP. */
    readonly views?: readonly Projection[];
    /** The phantom's texts, in both parts, by default short prompts. */
    readonly style?: TextStyle;
    /** Changed copies of the images that train, of any data; none are measured on. */
    readonly augmentation?: Augmentation;
  };
  readonly classifier: {
    readonly channels: readonly [number, number, number];
    readonly hidden: number;
    readonly optimisation: Optimisation;
  };
  /** At least 2 images, which a Fréchet distance takes. */
  readonly evaluation: { readonly pictures: number };
  /** What a run must reach, where it says so. */
  readonly expect: {
    /** FID after over FID before, at most. */
    readonly fid_ratio: number;
    /** FID after over that of the model it started from, at most. */
    readonly start_ratio?: number;
    /** Mean AUROC on generated images, at least. */
    readonly auroc?: number;
    /** Fraction of findings on the side asked for, at least. */
    readonly side?: number;
  };
}

/** What is counted, far beyond what can be run, so that no list is made for more. */
const count = (least: number): is.Check => is.whole(least, 10_000_000);
export const tokenizerShape: ShapeOf<Recipe['tokenizer']> = { vocabulary_size: count(1), max_length: is.whole(1, 100_000) };

/** Configs and strategy are checked by those who read them (`checkRecipe`). */
const RECIPE: ShapeOf<Recipe> = {
  name: is.text,
  comment: optional(is.text),
  adapts: optional(is.text),
  size: is.whole(1, 16_384),
  precision: optional(is.oneOf(...precisions)),
  tokenizer: tokenizerShape,
  vae: {
    config: is.object,
    weights: {
      reconstruction: is.oneOf('l1', 'l2'),
      gradient: is.number(0),
      kl: is.number(0),
      perceptual: optional(is.number(0)),
      adversarial: optional({ weight: is.number(0), from: is.whole(0) }),
    },
    optimisation: optimisationShape,
    flip: optional(is.number(0, 1)),
    crop: optional(is.whole(1, 16_384)),
    checkpointing: optional(is.flag),
  },
  unet: is.object,
  text_encoder: { config: is.object, token_std: is.number(0) },
  scheduler: is.object,
  diffusion: {
    strategy: optional(is.object),
    text_dropout: is.number(0, 1),
    original_dropout: optional(is.number(0, 1)),
    both_dropout: optional(is.number(0, 1)),
    min_snr_gamma: optional(is.number(0)),
    noise_offset: optional(is.number(0)),
    input_perturbation: optional(is.number(0)),
    checkpointing: optional(is.flag),
    optimisation: optimisationShape,
  },
  sampling: { steps: count(1), guidance: is.number(0), rescale: optional(is.number(0, 1)) },
  data: {
    train: count(1),
    test: count(0),
    views: optional(is.list(is.oneOf('PA', 'AP', 'LATERAL'))),
    style: optional(is.oneOf(...textStyles)),
    augmentation: optional<Augmentation>({
      copies: is.whole(1, 1000),
      shift: is.number(0, 0.5),
      rotation: is.number(0, 45),
      zoom: optional(is.number(0, 0.5)),
      exposure: is.number(0, 1),
    }),
  },
  classifier: { channels: is.list(count(1), 3, 3), hidden: count(1), optimisation: optimisationShape },
  evaluation: { pictures: count(2) },
  run: optional<NonNullable<Recipe['run']>>({
    checkpoint_every: optional(count(1)),
    checkpoints_kept: optional(count(1)),
    sample_every: optional(count(1)),
    sample_prompts: optional(count(1)),
  }),
  expect: {
    fid_ratio: is.number(0),
    start_ratio: optional(is.number(0)),
    auroc: optional(is.number(0, 1)),
    side: optional(is.number(0, 1)),
  },
};

/** Where the built-in recipes are. */
export const RECIPE_FOLDER: string = resolve(__dirname, '..', '..', 'data', 'recipes');
/** Names of the built-in recipes, or of those of another folder. */
export function recipeNames(folder: string = RECIPE_FOLDER): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** Values of `over` in place of those of `base`; objects are merged, lists and numbers replaced. */
function merge(base: unknown, over: unknown): unknown {
  const plain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!plain(base) || !plain(over)) return over;
  const merged = { ...base };
  for (const [name, value] of Object.entries(over)) merged[name] = name in base ? merge(base[name], value) : value;
  return merged;
}

/** The same for recipes: a strategy of another name takes none of the settings of the one it replaces. */
function mergeRecipe(base: unknown, over: unknown): unknown {
  const merged = merge(base, over);
  const strategy = (recipe: unknown): StrategySettings | undefined => (recipe as Partial<Recipe>).diffusion?.strategy;
  const [baseStrategy, overStrategy] = [strategy(base), strategy(over)];
  if (!baseStrategy || overStrategy?.name === undefined || overStrategy.name === baseStrategy.name) return merged;
  const { diffusion, ...otherParts } = merged as Recipe;
  return { ...otherParts, diffusion: { ...diffusion, strategy: overStrategy } };
}

/**
 * Reads a recipe by its name, or from a file. A recipe that `extends` another one says only what differs.
 *
 * @throws FileError where there is none of that name, listing those there are; where keys are unknown, parts missing, or values can't be worked with
 */
export async function loadRecipe(nameOrFile: string): Promise<Recipe> {
  const recipe = await readRecipe(nameOrFile, []);
  return checkContent(nameOrFile, () => checkRecipe(recipe, nameOrFile));
}

async function readRecipe(nameOrFile: string, above: readonly string[]): Promise<Recipe> {
  const builtIn = join(RECIPE_FOLDER, `${nameOrFile}.json`);
  const file = existsSync(builtIn) ? builtIn : nameOrFile;
  if (!existsSync(file))
    throw new FileError(nameOrFile, `no recipe "${nameOrFile}"; there are ${recipeNames().join(', ')}, or give a JSON file`);
  if (above.includes(file)) throw new FileError(file, `extends itself, by way of ${above.join(', ')}`);
  const { extends: parent, ...changes } = await readObject(file);
  if (parent !== undefined && typeof parent !== 'string')
    throw new FileError(file, `extends: expected the name or file of a recipe, got ${JSON.stringify(parent)}`);
  return (parent === undefined ? changes : mergeRecipe(await readRecipe(parent, [...above, file]), changes)) as unknown as Recipe;
}

/** The recipe with single values replaced, as `--set key.path=value` names them. */
export function overrideRecipe(recipe: Recipe, overrides: Readonly<Record<string, unknown>>): Recipe {
  let changed: unknown = recipe;
  for (const [path, value] of Object.entries(overrides)) {
    const nested = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
    changed = mergeRecipe(changed, nested);
  }
  return checkRecipe(changed as Recipe, 'recipe with --set');
}

/** @throws RangeError naming keys that no recipe has, parts that are missing, or the first value that can't be worked with */
export function checkRecipe(recipe: Recipe, where: string): Recipe {
  checkSettings(where, recipe, RECIPE);
  strategyOf(recipe.diffusion.strategy);
  completeVaeConfig(recipe.vae.config);
  if (recipe.vae.crop !== undefined) checkCrop(`${where}: vae.crop`, vaeFactor(recipe.vae.config), recipe.vae.crop, recipe.size);
  completeUNetConfig(recipe.unet);
  textEncoderFacts(recipe.text_encoder.config);
  checkScheduler(recipe.scheduler);
  return recipe;
}

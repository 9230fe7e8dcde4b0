/** Options that all evaluations share, and the bench that they open. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Bench, openBench } from '../../evaluation';
import { loadRecipe, overrideRecipe } from '../../experiments';
import type { RowsPart } from '../../files';
import { claimFolder } from '../../files/internal';
import { asUsage, type Context, collect, UsageError } from '../context';
import { addDataOptions, type DataFlags, dataOf } from '../data-options';
import { findModel } from '../models';
import { numberIn, partOf, wholeNumber } from '../numbers';

export interface EvaluateFlags extends DataFlags {
  model?: readonly string[];
  images?: readonly string[];
  out: string;
  prompts?: number;
  seed: number;
  quick?: boolean;
  recipe: string;
  steps?: number;
  guidance?: number;
  chest?: string;
  inception?: string;
  clip?: string;
  bert?: string;
  radgraph?: string;
  shard?: RowsPart;
  merge?: boolean;
  json?: boolean;
}

/** Where models lie that are evaluated where none is named, and the one that is adapted; and what brings them. */
export const DEFAULT_MODEL = 'runs/quickstart/model';
export const DEFAULT_BASE = 'runs/base/model';
const MADE_BY: Readonly<Record<string, string>> = {
  [DEFAULT_MODEL]: 'npm run quickstart',
  [DEFAULT_BASE]: 'npm run quickstart -- --data world',
};

/** Adds them. */
export function addEvaluateOptions(command: Command, model: string): void {
  command
    .option('--model <folder>', `a model's folder or its name; repeatable (default: "${model}")`, collect)
    .option(
      '--images <csv>',
      'images that another model has made of the prompts, as CheXGenBench has them (columns prompt and img_savename): they count as a model; repeatable',
      collect,
    )
    .option('--out <folder>', 'where images, features and results are kept, for all evaluations', 'runs/evaluation');
  addDataOptions(command)
    .option('--prompts <n>', "images of a model, each for another text; by default the recipe's (RoentGen: 5000)", wholeNumber(2))
    .option('--seed <n>', 'of noise and draws; divides patients as a training with the same seed does', wholeNumber(0), 1)
    .option('--quick', 'minutes in place of hours: fewer prompts, smaller networks')
    .option('--recipe <name>', 'whose sampling, sizes of built-in data and classifier are taken', 'quickstart')
    .option('--steps <n>', "of sampling, in place of the recipe's (RoentGen: 75)", wholeNumber(1))
    .option('--guidance <scale>', "of sampling, in place of the recipe's (RoentGen: 4)", numberIn(0, 100))
    .option('--chest <folder>', "a DenseNet in TorchXRayVision's layout, in place of a classifier that is trained here")
    .option('--inception <folder>', "FID's Inception, for its features")
    .option('--clip <folder>', 'a CLIP model, for the features of its images')
    .option('--bert <folder>', 'a BERT, for BERTScore')
    .option('--radgraph <folder>', 'a network of roentgen radgraph train, for F1 of entities and relations in reports')
    .option(
      '--shard <I/N>',
      'make part I of N (from 0) of images and features alone, as one task of an array does, and evaluate nothing',
      partOf,
    )
    .option('--merge', 'evaluate what all parts have made, and say what is missing; only what parts do not share is made now')
    .option('--json', 'print the result as JSON');
}

const QUICK_PROMPTS = 96;
/** What evaluations leave in their folder from early on. */
const MARKS = ['images', 'features', 'evaluation.json'];

/**
 * Opens models and data as the options say.
 *
 * @param usual the model where none is named
 * @throws UsageError where they are wrong
 */
export async function benchOf(
  where: string,
  flags: EvaluateFlags,
  usual: string,
  context: Context,
  progress: Bench['progress'],
): Promise<Bench> {
  if (flags.shard && flags.merge) throw new UsageError(`${where}: --shard makes a part and --merge none; give one of them`);
  const { out, seed, quick = false, prompts, steps, guidance, images, model = images ? [] : [usual] } = flags;
  const changes = {
    ...(steps === undefined ? {} : { 'sampling.steps': steps }),
    ...(guidance === undefined ? {} : { 'sampling.guidance': guidance }),
  };
  const folder = resolve(out);
  claimFolder(folder, 'evaluations', MARKS);
  const networks = Object.fromEntries(
    (['chest', 'inception', 'clip', 'bert', 'radgraph'] as const).flatMap((name) =>
      flags[name] === undefined ? [] : [[name, findModel(where, flags[name])]],
    ),
  );
  return asUsage(where, async () =>
    openBench({
      models: model.map((each) => modelFolder(where, each)),
      ...(images && { images }),
      data: dataOf(where, flags),
      out: folder,
      recipe: overrideRecipe(await loadRecipe(flags.recipe), changes),
      ...((prompts ?? (quick ? QUICK_PROMPTS : undefined)) !== undefined && { prompts: prompts ?? QUICK_PROMPTS }),
      seed,
      quick,
      networks,
      ...(flags.shard && { part: flags.shard }),
      signal: context.signal,
      onProgress: progress,
      onNote: context.say,
    }),
  );
}

function modelFolder(where: string, model: string): string {
  try {
    return findModel(where, model);
  } catch (error) {
    const made = MADE_BY[model];
    if (made !== undefined) throw new UsageError(`${where}: there is no ${model} yet: ${made} trains it; or name a model with --model`);
    throw error;
  }
}

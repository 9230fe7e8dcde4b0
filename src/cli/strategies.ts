/** `roentgen strategies`: every way of adapting a base model, trained and measured alike, in one table; with `--list`, what there is. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { phantomSplit } from '../datasets';
import { imageGrid } from '../display';
import { duration } from '../display/internal';
import { dispose, startEngine } from '../engine';
import {
  type AutoencoderRow,
  keptClassifier,
  loadRecipe,
  measureAutoencoder,
  measureStrategy,
  openStrategyBench,
  overrideRecipe,
  type Recipe,
  type StrategyBench,
  type StrategyResult,
  type StrategyRow,
} from '../experiments';
import { DIVERSITY_PROMPTS } from '../experiments/internal';
import { writeJson } from '../files';
import { claimFolder, findModelFolder, isFile } from '../files/internal';
import { strategies } from '../training';
import { encoderFolder } from '../training/internal';
import { asUsage, type Context, UsageError } from './context';
import { wholeNumber } from './numbers';
import { oneBar } from './one-bar';
import { alignColumns, shortNumber } from './table';

/** The recipes of the table, in its order. */
export const TABLE_RECIPES: readonly string[] = [
  'joint',
  'joint-high',
  'unet-only',
  'random-unet',
  'random-unet-only',
  'multi-view',
  'textual-inversion',
  'dreambooth',
  'lora',
  'textual-projection',
  'encoder-swap',
];
/** What all rows share: size, data, sampling, evaluation. */
const BENCH_RECIPE = 'joint';

interface Flags {
  model: string;
  out: string;
  only?: string;
  steps?: number;
  pictures?: number;
  seed: number;
  list?: boolean;
  vae?: boolean;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addStrategies(command: Command, context: Context): void {
  command
    .option('--model <model>', 'the base model: a folder, a packed file, or a name', 'runs/base/model')
    .option('--out <folder>', 'where rows, models and pictures are kept; rows that are there are not made again', 'runs/strategies')
    .option('--only <names>', `recipes with commas between them, built-in ones or JSON files; by default ${TABLE_RECIPES.join(', ')}`)
    .option('--steps <n>', "steps of every strategy, in place of the recipes' own", wholeNumber(0))
    .option('--pictures <n>', 'pictures for FID and AUROC', wholeNumber(2))
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--vae', 'train the autoencoder too, by the recipe vae, and compare what both lose of radiographs')
    .option('--list', 'print the strategies and their settings, and do nothing else')
    .option('--json', 'print the table as JSON')
    .action((flags: Flags) => (flags.list ? listStrategies(flags, context) : runStrategies(flags, context)));
}

function listStrategies({ json }: Flags, context: Context): void {
  if (json)
    context.print(
      JSON.stringify(
        strategies.map(({ name, what, settings }) => ({ name, what, settings })),
        null,
        2,
      ),
    );
  else
    for (const { name, what, settings } of strategies) {
      context.print(`${name}: ${what}`);
      for (const [key, value] of Object.entries(settings)) context.print(`    ${key}: ${JSON.stringify(value)}`);
    }
}

async function recipesOf({ only, steps, pictures }: Flags): Promise<{ bench: Recipe; recipes: Recipe[] }> {
  const names = only === undefined ? TABLE_RECIPES : only.split(',').map((name) => name.trim());
  const changes = steps === undefined ? {} : { 'diffusion.optimisation.steps': steps };
  const load = async (name: string, extra: Record<string, unknown> = {}): Promise<Recipe> =>
    overrideRecipe(await loadRecipe(name), { ...changes, ...extra });
  const bench = await load(BENCH_RECIPE, pictures === undefined ? {} : { 'evaluation.pictures': pictures });
  const recipes: Recipe[] = [];
  for (const name of names) recipes.push(await load(name));
  return { bench, recipes };
}

/** Whether the encoder that a recipe exchanges is there; the row is left out, and said so, where it is not. */
function hasEncoder({ name, diffusion: { strategy } }: Recipe, context: Context): boolean {
  const encoder = strategy?.encoder;
  if (typeof encoder !== 'string' || encoderFolder(encoder) !== undefined) return true;
  const how = name === 'textual-projection' ? 'roentgen models get minilm' : 'roentgen mlm';
  context.say(`${name}: left out, there is no encoder in ${encoder}; get one with "${how}"`);
  return false;
}

async function runStrategies(flags: Flags, context: Context): Promise<void> {
  const [base, out] = [resolve(findModelFolder(flags.model) ?? flags.model), resolve(flags.out)];
  if (!existsSync(join(base, 'model_index.json')) && !isFile(base))
    throw new UsageError(
      `strategies: ${base} is no model folder; name one with --model, or train the base first (npm run quickstart -- --data world)`,
    );
  claimFolder(out, 'rows of strategies', ['base/row.json', 'base/pictures', 'table.json']);
  const { bench: shared, recipes } = await asUsage('strategies', () => recipesOf(flags));
  await startEngine({ seed: flags.seed });
  const bars = oneBar();
  const { signal } = context;
  const { train } = phantomSplit({ ...shared.data, views: undefined });
  const classifier = await keptClassifier(shared, train, {
    signal,
    onStep: ({ step, steps }) => bars.show('classifier', step, steps),
  });
  const results: StrategyResult[] = [];
  const runnable = recipes.filter((recipe) => hasEncoder(recipe, context));
  try {
    const bench = await openStrategyBench({ base, out, seed: flags.seed, recipe: shared, classifier, signal });
    for (const recipe of [undefined, ...runnable]) {
      const result = await measureStrategy(bench, recipe, { signal, onProgress: bars.show });
      bars.end();
      results.push(result);
      const { row, kept } = result;
      context.say(`${row.recipe}: FID ${shortNumber(row.fid)}, AUROC ${shortNumber(row.auroc)}${kept ? ' (measured before)' : ''}`);
      for (const note of row.notes ?? []) context.say(`${row.recipe}: ${note}`);
    }
    const autoencoders = [await measureAutoencoder(bench, undefined, { signal })];
    if (flags.vae) autoencoders.push(await measureAutoencoder(bench, await loadRecipe('vae'), { signal, onProgress: bars.show }));
    bars.end();
    await report(bench, results, autoencoders, flags, context);
  } finally {
    bars.end();
    dispose(classifier.params);
  }
}

async function report(
  bench: StrategyBench,
  results: readonly StrategyResult[],
  autoencoders: readonly AutoencoderRow[],
  { json }: Flags,
  context: Context,
): Promise<void> {
  const sheet = join(bench.out, 'pictures.png');
  const prompts = bench.prompts.slice(0, DIVERSITY_PROMPTS);
  const cells = results.flatMap(({ row, pictures }) => pictures.map((picture, i) => ({ picture, label: i === 0 ? row.recipe : '' })));
  await imageGrid(
    cells.map(({ picture }) => ({ ...picture, pixels: Float32Array.from(picture.pixels), channels: 1 as const })),
    cells.map((_, i) => (i < prompts.length ? prompts[i]! : '')),
    { columns: prompts.length, labels: cells.map(({ label }) => label) },
  ).save(sheet);
  const rows = results.map(({ row }) => row);
  const table = { base: bench.base, seed: bench.seed, pictures: bench.prompts.length, fidReal: bench.fidReal, rows, autoencoders };
  await writeJson(join(bench.out, 'table.json'), table);
  if (json) {
    context.print(JSON.stringify({ ...table, sheet }, null, 2));
    return;
  }
  for (const line of strategyTable(rows)) context.print(line);
  context.print(`FID of real pictures of other patients: ${shortNumber(bench.fidReal)}; ${bench.prompts.length} pictures a row.`);
  for (const { name, l1, psnr, ssim } of autoencoders)
    context.print(`Autoencoder ${name}: mean error ${shortNumber(l1)}, PSNR ${psnr.toFixed(1)} dB, SSIM ${ssim.toFixed(3)} on radiographs`);
  context.print(`Pictures: ${sheet}. All of them are synthetic, not for diagnosis.`);
}

/** The rows as lines of text. */
export function strategyTable(rows: readonly StrategyRow[]): string[] {
  const head = ['recipe', 'trained values', 'steps', 'time', 'loss', 'FID', 'MS-SSIM', 'AUROC', 'side'];
  const lines = rows.map((row) => [
    row.recipe,
    row.trained.toLocaleString('en'),
    String(row.steps),
    duration(row.seconds),
    shortNumber(row.loss),
    shortNumber(row.fid),
    `${row.msSsim.toFixed(2)} ± ${row.msSsimDeviation.toFixed(2)}`,
    row.auroc === null ? '-' : row.auroc.toFixed(3),
    row.side === null ? '-' : row.side.toFixed(2),
  ]);
  return alignColumns([head, ...lines], [1, 2, 3, 4, 5, 7, 8]);
}

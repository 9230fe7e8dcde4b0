/** `roentgen quickstart`: the quickstart notebook through the real kernel, on the phantom or on anyone's radiographs, and what came of it. */

import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { NotebookError, runNotebook } from 'roentgen-lab/kernel-client';
import { type OpenDatasetOptions, openSplit } from '../datasets';
import { exportNotebook } from '../display';
import { duration } from '../display/internal';
import { type Key, key, split, startEngine } from '../engine';
import { loadRecipe, type Summary } from '../experiments';
import { modelToAdapt, recipeForSize, recipeNames } from '../experiments/internal';
import { FileError } from '../files';
import { claimFolder, readJson } from '../files/internal';
import { asUsage, type Context, exitCodes, Interrupted, machineFaults, UsageError } from './context';
import { addDataOptions, type DataFlags, dataOf } from './data-options';
import { findModel } from './models';
import { wholeNumber } from './numbers';
import { root } from './paths';
import { terminalProgress } from './terminal-progress';

interface Flags extends DataFlags {
  fromScratch?: boolean;
  model?: string;
  name?: string;
  recipe?: string;
  size?: number;
  seed: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addQuickstart(command: Command, context: Context): void {
  addDataOptions(command)
    .option('--from-scratch', "start from random weights, not from the phantom's model")
    .option('--model <model>', "a model to start from in place of the phantom's: a folder, a file that pack-model wrote, or a name")
    .option(
      '--name <name>',
      'the folder below runs/; by default quickstart, base for the world, or the name of the data folder (and the size)',
    )
    .option(
      '--recipe <name>',
      'a recipe of data/recipes or a JSON file; by default quickstart (on wasm quickstart-wasm), or quickstart-real with --data, base with --data world',
    )
    .option('--size <pixels>', 'with --data: side of the images, by which a recipe is chosen; 64 where it is left out', wholeNumber(1))
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--json', 'print the summary as JSON')
    .action((flags: Flags) => quickstart(flags, context));
}

/** Paths of what a run leaves. */
interface Artefacts {
  readonly summary: string;
  readonly notebook: string;
  readonly report: string;
  readonly pictures: string;
  readonly model: string;
}

function artefactsOf(folder: string): Artefacts {
  return {
    summary: join(folder, 'summary.json'),
    notebook: join(folder, '01-quickstart.ipynb'),
    report: join(folder, 'report.html'),
    pictures: join(folder, 'pictures'),
    model: join(folder, 'model'),
  };
}

/** The folders below runs/ of what is built in. */
const RUNS: Readonly<Record<string, string>> = { phantom: 'quickstart', world: 'base' };

/** What the notebook leaves in a folder from early on. */
const MARKS = ['01-quickstart.ipynb', 'summary.json', 'checkpoints/vae', 'checkpoints/diffusion'];

async function quickstart(flags: Flags, context: Context): Promise<void> {
  const data = dataOf('quickstart', flags);
  const builtIn = data.data in RUNS;
  const name = flags.name ?? RUNS[data.data] ?? [basename(data.data), ...(flags.size === undefined ? [] : [flags.size])].join('-');
  if (!/^[\w.-]+$/.test(name)) throw new UsageError(`quickstart: --name: expected letters, digits, ".", "_" and "-", got "${name}"`);
  if (flags.model !== undefined && flags.fromScratch)
    throw new UsageError('quickstart: --model names what to start from, and --from-scratch nothing; give one of them');
  const given = flags.model === undefined ? undefined : resolve(findModel('quickstart', flags.model));
  const folder = join(root, 'runs', name);
  claimFolder(folder, 'a quickstart', MARKS);
  if (flags.size !== undefined && builtIn)
    throw new UsageError('quickstart: --size belongs to --data FOLDER; of what is built in, name a recipe (--recipe)');
  if (flags.size !== undefined && flags.recipe !== undefined) throw new UsageError('quickstart: give --size or --recipe, not both');
  const recipe = recipeFile(flags.recipe ?? (data.data === 'world' ? 'base' : builtIn ? await phantomRecipe() : await recipeForAny(flags)));
  await check(data, recipe, flags.seed);
  const start = given ?? (builtIn || flags.fromScratch ? '' : await phantomModel(recipe, flags, context));
  const made = await runQuickstart({ recipe, ...data, start, seed: flags.seed, out: folder }, context);
  await report(made, flags.json === true, context);
}

/** A recipe's name, or its file's path from any folder: the notebook runs in another one. */
function recipeFile(recipe: string): string {
  return recipeNames().includes(recipe) ? recipe : resolve(recipe);
}

/** Images of each part that the notebook measures with: a Fréchet distance takes two. */
const LEAST = 2;

/** What the notebook would find wrong with recipe and data is told before a kernel starts or the phantom's model trains. */
async function check(data: OpenDatasetOptions, recipe: string, seed: number): Promise<void> {
  const { data: counts, size } = await loadRecipe(recipe);
  const [splitKey] = split(key(seed), 4) as [Key];
  await asUsage('quickstart', () => openSplit({ ...data, counts, key: splitKey, size, least: LEAST }));
}

/** The phantom's recipe at the size that fits the engine. */
async function phantomRecipe(): Promise<string> {
  const { backend } = await startEngine();
  return backend === 'wasm' ? 'quickstart-wasm' : 'quickstart';
}

/** The recipe for anybody's images of the size that is asked for, by default of the smallest. */
function recipeForAny({ size }: Flags): Promise<string> {
  return size === undefined ? Promise.resolve('quickstart-real') : asUsage('quickstart', () => recipeForSize(size));
}

/** The model that real radiographs start from, as the paper starts from Stable Diffusion: that of the recipe which theirs adapts, trained first where it is not there. */
async function phantomModel(recipe: string, flags: Flags, context: Context): Promise<string> {
  const { adapts = 'quickstart' } = await loadRecipe(recipe);
  const here = modelToAdapt(adapts);
  if (here !== undefined) return here;
  const folder = join(root, 'runs', adapts);
  claimFolder(folder, 'a quickstart', MARKS);
  context.say(`There is no model of ${adapts} to start from yet, so it is trained first in ${folder} (--from-scratch does without).`);
  const first = adapts === 'quickstart' ? await phantomRecipe() : recipeFile(adapts);
  await runQuickstart({ recipe: first, data: 'phantom', start: '', seed: flags.seed, out: folder }, context);
  return artefactsOf(folder).model;
}

async function runQuickstart(options: { readonly out: string; readonly [name: string]: unknown }, context: Context): Promise<Artefacts> {
  const made = artefactsOf(options.out);
  const progress = terminalProgress(process.stderr);
  try {
    await runNotebook(join(root, 'notebooks', '01-quickstart.ipynb'), {
      output: made.notebook,
      parameters: options,
      cwd: join(root, 'notebooks'),
      // Large tensors come and go at every step: huge pages spare the page faults. Only a process's start can set them.
      env: { GLIBC_TUNABLES: process.env.GLIBC_TUNABLES ?? 'glibc.malloc.hugetlb=1' },
      signal: context.signal,
      onOutput: progress.take,
    });
  } catch (error) {
    if (context.signal.aborted)
      throw new Interrupted(
        existsSync(made.notebook) ? `quickstart: interrupted; the notebook up to there is ${made.notebook}` : undefined,
      );
    if (!(error instanceof NotebookError)) throw error;
    await exportNotebook(made.notebook, made.report);
    const story = `quickstart: cell ${error.cell + 1}: ${error.ename}: ${error.evalue}\nThe notebook up to there: ${made.notebook}`;
    const badInput = error.ename === 'FileError' && !machineFaults.some((code) => error.evalue.includes(`(${code})`));
    throw badInput ? new UsageError(story) : new Error(story);
  } finally {
    progress.end();
  }
  await exportNotebook(made.notebook, made.report);
  return made;
}

async function report(made: Artefacts, asJson: boolean, context: Context): Promise<void> {
  if (!existsSync(made.summary)) throw new FileError(made.summary, 'the notebook ran, but left no summary');
  const summary = (await readJson(made.summary)) as unknown as Summary;
  if (asJson) {
    context.print(JSON.stringify({ ...summary, paths: made }, null, 2));
    return;
  }
  const percent = (share: number | null): string => (share === null ? 'the texts name none' : `${(100 * share).toFixed(0)}%`);
  const distance = (fid: number): string => fid.toPrecision(3);
  const { mean, ...findings } = summary.aurocGenerated;
  const rows: [string, string][] = [
    ['engine', summary.engine],
    ['time', `${duration(summary.minutes * 60)}, of which training ${duration(summary.trainMinutes * 60)}`],
    ['peak memory', `${summary.peakRssMiB} MiB`],
    ['losses', `autoencoder ${summary.losses.vae.toFixed(4)}, diffusion ${summary.losses.diffusion.toFixed(4)}`],
    ['FID before', distance(summary.fidBefore)],
    ...(summary.fidStart === undefined ? [] : [['FID at the start', distance(summary.fidStart)] as [string, string]]),
    ['FID after', `${distance(summary.fidAfter)} (real pictures of other patients ${distance(summary.fidReal)})`],
    [
      'AUROC',
      mean === undefined
        ? 'no labels to measure by'
        : `mean ${mean.toFixed(3)} on generated pictures, ${summary.aurocReal.mean?.toFixed(3)} on real ones`,
    ],
    ...Object.entries(findings).map(([finding, value]): [string, string] => [`  ${finding}`, `${value.toFixed(3)}`]),
    ['side as asked', percent(summary.sideAccuracy)],
    ...(summary.toldFromReal === undefined
      ? []
      : [
          [
            'told from real',
            `${percent(summary.toldFromReal.generated.value)} right by networks that never saw them (real ones of other patients ${percent(summary.toldFromReal.real.value)}, chance 50%)`,
          ] as [string, string],
        ]),
    ['report', made.report],
    ['notebook', made.notebook],
    ['pictures', made.pictures],
    ['model', made.model],
    ['figures', made.summary],
  ];
  for (const [label, text] of rows) context.print(`${label.padEnd(20)}${text}`);
  for (const note of summary.notes) context.print(note);
  context.print('The pictures are synthetic and not for diagnosis.');
  context.endWith(exitCodes.ok);
}

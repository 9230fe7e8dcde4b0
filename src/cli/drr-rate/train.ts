/** `roentgen drr-rate train`: CheXNet on reconstructions, radiographs or both, in a run's folder. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { progress } from '../../display';
import { duration } from '../../display/internal';
import { dispose, foldIn, key, startEngine } from '../../engine';
import { type MeasuredLabel, measureLabels } from '../../evaluation';
import { textOf } from '../../evaluation/internal';
import { openRunFolder, writeRunConfig } from '../../experiments/internal';
import { writeJson } from '../../files';
import { claimFolder } from '../../files/internal';
import {
  type CheXNetModel,
  cheXNetFile,
  type Domain,
  type DomainImages,
  estimateCheXNetMemory,
  type FoldBy,
  foldsOf,
  type InputView,
  type LearntImages,
  leakOf,
  loadDrrRateRecipe,
  openDomain,
  predictLabels,
  saveCheXNet,
  trainCheXNet,
  trainingIdentity,
  treeOf,
} from '../../systems';
import { asUsage, type Context, Interrupted, UsageError } from '../context';
import { wholeNumber } from '../numbers';
import { oneBar } from '../one-bar';
import { addFolderOptions, type FolderFlags, foldersOf } from './folders';

interface Flags extends FolderFlags {
  out: string;
  on: 'drr' | 'x-ray' | 'both';
  lateral?: boolean;
  folds?: FoldBy;
  fold?: number;
  steps?: number;
  seed: number;
  json?: boolean;
}

const DRAWS = 500;

/** The command's arguments, options and action. */
export function addTrainDrrRate(command: Command, context: Context): void {
  addFolderOptions(
    command
      .description(
        'train CheXNet (a DenseNet whose outputs are findings) from random weights: settings, log, checkpoints, network and scores in one folder',
      )
      .argument('[recipe]', 'a recipe of data/drr-rate or a JSON file', 'laptop')
      .requiredOption('--out <folder>', "the run's folder, new or empty")
      .addOption(new Option('--on <domain>', 'what it learns from').choices(['drr', 'x-ray', 'both']).default('drr')),
  )
    .option('--lateral', 'show it the lateral view too; of reconstructions alone')
    .addOption(
      new Option('--folds <unit>', "hold a fold of the reconstructions out, of images as the paper's code does or of patients").choices([
        'image',
        'patient',
      ]),
    )
    .option('--fold <n>', 'which fold, from 1', wholeNumber(1))
    .option('--steps <n>', "steps, in place of the recipe's", wholeNumber(1))
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--json', 'print how it went as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on to the same bytes as without the stop.')
    .action((recipe: string, flags: Flags) => trainRun(recipe, flags, context));
}

/** What is learnt from, and what is measured on by name. */
interface Taken {
  readonly sets: readonly LearntImages[];
  readonly tests: Readonly<Record<string, LearntImages>>;
  readonly notes: readonly string[];
}

async function imagesOf(recipe: Awaited<ReturnType<typeof loadDrrRateRecipe>>, flags: Flags, context: Context): Promise<Taken> {
  const { on, lateral = false, folds: by, fold = 1 } = flags;
  const domains: readonly Domain[] = on === 'both' ? ['drr', 'x-ray'] : [on];
  const bars = oneBar();
  const notes: string[] = [];
  const sets: LearntImages[] = [];
  const tests: Record<string, LearntImages> = {};
  try {
    for (const domain of domains) {
      const { train, test } = await openDomain(recipe, domain, foldersOf(flags), {
        lateral,
        signal: context.signal,
        onProgress: (done, total) => bars.show(domain === 'drr' ? 'Reconstructions' : 'Radiographs', done, total),
        onNote: (note) => notes.push(note),
      });
      if (by === undefined) {
        sets.push({ images: train });
        tests[domain] = { images: test };
        continue;
      }
      const chosen = foldsOf(train, by, recipe.folds)[fold - 1];
      if (!chosen) throw new RangeError(`--fold: expected 1 to ${recipe.folds}, got ${fold}`);
      sets.push({ images: train, rows: chosen.training });
      tests['the fold held out'] = { images: train, rows: chosen.heldOut };
      notes.push(`Of the images of the fold ${Math.round(100 * leakOf(train, chosen))}% are of patients that are learnt from.`);
    }
  } finally {
    bars.end();
  }
  return { sets, tests, notes };
}

async function trainRun(name: string, flags: Flags, context: Context): Promise<void> {
  const loaded = await loadDrrRateRecipe(name);
  const { seed, on, lateral = false, folds, steps } = flags;
  const recipe = steps === undefined ? loaded : { ...loaded, optimisation: { ...loaded.optimisation, steps } };
  if (lateral && on !== 'drr') throw new UsageError('drr-rate train: --lateral is for --on drr: radiographs have no second view here');
  if (folds !== undefined && on !== 'drr') throw new UsageError('drr-rate train: --folds divides reconstructions; it belongs to --on drr');
  if (flags.fold !== undefined && folds === undefined)
    throw new UsageError('drr-rate train: --fold needs --folds image or --folds patient');
  const [out, folder] = [resolve(flags.out), join(resolve(flags.out), 'model')];
  if (existsSync(cheXNetFile(folder))) throw new UsageError(`drr-rate train: ${out} holds a finished run; give another folder (--out)`);
  claimFolder(out, 'a run', ['checkpoints', 'config.json']);
  const engine = await startEngine();
  const data = foldersOf(flags);
  const { sets, tests, notes } = await asUsage('drr-rate train', () => imagesOf(recipe, flags, context));
  const views: readonly InputView[] = lateral ? ['AP', 'LATERAL'] : ['AP'];
  const images = sets.reduce((sum, { images: of, rows }) => sum + (rows ?? of.images).length, 0);
  for (const note of notes) context.say(note);
  context.say(`About ${Math.round(estimateCheXNetMemory(recipe, sets, views).MiB)} MiB of memory; ${images} images to learn from.`);
  const bar = progress(recipe.optimisation.steps, 'CheXNet');
  const run = openRunFolder(out);
  const own = key(seed);
  const model = await asUsage('drr-rate train', () =>
    trainCheXNet({
      recipe,
      sets,
      views,
      key: own,
      signal: context.signal,
      checkpoints: {
        folder: join(out, 'checkpoints'),
        identity: trainingIdentity({ recipe, sets, views, key: own }),
        resume: 'always',
        every: recipe.run.checkpoint_every,
      },
      async onStart(log) {
        await writeRunConfig(
          out,
          { recipe, seed, data, on, lateral, folds: folds ?? null, fold: folds ? (flags.fold ?? 1) : null, notes },
          engine,
        );
        await run.begin(log);
      },
      onStep: (log) => {
        run.step(log, recipe.optimisation.batch_size);
        bar.update(log.step, `loss ${log.loss.toFixed(3)}`);
      },
    }),
  )
    .catch((error: unknown) => {
      if (context.signal.aborted) throw new Interrupted('drr-rate train: interrupted; the same command goes on');
      throw error;
    })
    .finally(() => {
      bar.end();
      run.end();
    });
  const scores: Record<string, MeasuredLabel[]> = {};
  try {
    await saveCheXNet(folder, model);
    for (const [set, test] of Object.entries(tests)) scores[set] = await scoresOf(model, test.images, test.rows, seed, context);
  } finally {
    dispose(treeOf(model.params));
  }
  const facts = { folder, steps: model.steps, seconds: model.seconds, notes, scores };
  await writeJson(join(out, 'scores.json'), facts);
  if (flags.json) {
    context.print(JSON.stringify(facts, null, 2));
    return;
  }
  for (const [set, measures] of Object.entries(scores))
    for (const { label, auroc, averagePrecision } of measures)
      context.print(`${set}: ${label}: AUROC ${textOf(auroc, 3)}, average precision ${textOf(averagePrecision, 3)}`);
  context.print(`${model.steps} steps in ${duration(model.seconds)}; network ${folder}; not for diagnosis.`);
}

async function scoresOf(
  model: CheXNetModel,
  images: DomainImages,
  rows: Int32Array | undefined,
  seed: number,
  context: Context,
): Promise<MeasuredLabel[]> {
  const scores = await predictLabels(model, images, { ...(rows && { rows }), signal: context.signal });
  const shown = rows ? Array.from(rows, (i) => images.images[i]!) : images.images;
  return measureLabels({ images: shown, labels: model.config.labels, scores }, { key: foldIn(key(seed), 3), draws: DRAWS });
}

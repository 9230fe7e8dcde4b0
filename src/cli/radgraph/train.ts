/** `roentgen radgraph train`: a network that finds entities and relations, in a run's folder. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { progress } from '../../display';
import { duration } from '../../display/internal';
import { dispose, type Key, key, startEngine, type Tree } from '../../engine';
import { type ExtractionScores, extractionScores } from '../../evaluation';
import { openRunFolder, writeRunConfig } from '../../experiments/internal';
import { writeJson } from '../../files';
import { claimFolder } from '../../files/internal';
import {
  cutReport,
  type DygieModel,
  estimateRadGraphMemory,
  fitRadGraph,
  goldToLearn,
  loadRadGraph,
  loadRadGraphRecipe,
  lostNotes,
  phantomGold,
  type RadGraphRecipe,
  type RadGraphReport,
  radGraphReader,
  startOfTraining,
} from '../../systems';
import { asUsage, type Context, Interrupted, UsageError } from '../context';
import { findModel } from '../models';
import { wholeNumber } from '../numbers';
import { ANNOTATED, readAnnotated } from './annotated';
import { printScores, sayDefinitions } from './compare';

interface Flags {
  out: string;
  data?: string;
  dev?: string;
  encoder?: string;
  steps?: number;
  seed: number;
  json?: boolean;
}

/** Draws of the bootstrap. */
const DRAWS = 500;

/** The command's arguments, options and action. */
export function addTrainRadGraph(command: Command, context: Context): void {
  command
    .description('train a network that finds entities and relations: settings, log, checkpoints, scores and network in one folder')
    .argument('[recipe]', 'a recipe of data/radgraph or a JSON file', 'phantom')
    .requiredOption('--out <folder>', "the run's folder, new or empty")
    .option('--data <file>', `annotated reports to learn from (${ANNOTATED}); without it those of the phantom`)
    .option('--dev <file>', 'annotated reports to measure on, with --data')
    .option('--encoder <folder>', 'a BERT to start from, such as one of roentgen mlm; without it random weights')
    .option('--steps <n>', "steps, in place of the recipe's", wholeNumber(1))
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--json', 'print how it went as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on to the same bytes as without the stop.')
    .action((recipe: string, flags: Flags) => trainRun(recipe, flags, context));
}

/** The recipe with other steps, where they are given. */
export const stepsOf = (recipe: RadGraphRecipe, steps: number | undefined): RadGraphRecipe =>
  steps === undefined ? recipe : { ...recipe, optimisation: { ...recipe.optimisation, steps } };

async function trainRun(name: string, flags: Flags, context: Context): Promise<void> {
  const recipe = stepsOf(await loadRadGraphRecipe(name), flags.steps);
  const { data, dev, seed } = flags;
  if (dev !== undefined && data === undefined) throw new UsageError('radgraph train: --dev belongs to --data');
  const encoder = flags.encoder === undefined ? undefined : findModel('radgraph train', flags.encoder);
  const [out, folder] = [resolve(flags.out), join(resolve(flags.out), 'model')];
  if (existsSync(join(folder, 'config.json')))
    throw new UsageError(`radgraph train: ${out} holds a finished run; give another folder (--out)`);
  claimFolder(out, 'a run', ['checkpoints', 'config.json']);
  const engine = await startEngine();
  const reports = data === undefined ? await goldToLearn(recipe) : await annotatedOnce(data);
  const start = await asUsage('radgraph train', () => startOfTraining(recipe, reports, encoder));
  const { MiB } = estimateRadGraphMemory(start.config, recipe.optimisation);
  context.say(`About ${Math.round(MiB)} MiB of memory; ${reports.length} reports.`);
  const identity = JSON.stringify([recipe, seed, data ?? 'phantom', encoder ?? null, start.config]);
  const bar = progress(recipe.optimisation.steps, 'Entities and relations');
  const run = openRunFolder(out);
  let notes: readonly string[] = [];
  const result = await asUsage('radgraph train', () =>
    fitRadGraph(recipe, start, folder, {
      reports,
      key: key(seed),
      signal: context.signal,
      checkpoints: { folder: join(out, 'checkpoints'), identity, resume: 'unfinished', every: recipe.run.checkpoint_every },
      onLost: (lost) => {
        notes = lostNotes(lost, start.config);
        for (const note of notes) context.say(note);
      },
      async onStart(log) {
        await writeRunConfig(
          out,
          { recipe, seed, data: data ?? 'phantom', ...(encoder !== undefined && { model: encoder }), notes },
          engine,
        );
        await run.begin(log);
      },
      onStep: (log) => {
        run.step(log, recipe.optimisation.batch_size);
        bar.update(log.step, `loss ${log.loss.toFixed(2)}`);
      },
    }),
  ).finally(() => {
    bar.end();
    run.end();
    dispose(start.bert as Tree | undefined);
  });
  dispose(result.params);
  if (result.interrupted) throw new Interrupted(`radgraph train: interrupted after step ${result.log.length}; the same command goes on`);
  const sets = data === undefined ? await phantomSets(recipe) : dev === undefined ? {} : { [dev]: await annotatedOnce(dev) };
  const model = await loadRadGraph(folder);
  const scores = await scoresOf(model, sets, key(seed), context.signal).finally(() => dispose(model.params));
  const facts = { folder, steps: result.log.length, seconds: result.seconds, notes, scores };
  await writeJson(join(out, 'scores.json'), facts);
  if (flags.json) {
    context.print(JSON.stringify(facts, null, 2));
    return;
  }
  for (const [set, each] of Object.entries(scores)) {
    context.print(`${set}:`);
    printScores(each, DRAWS, context);
    context.print('');
  }
  if (Object.keys(scores).length > 0) sayDefinitions(context);
  context.print(`${facts.steps} steps in ${duration(facts.seconds)}; network ${folder}; not for diagnosis`);
}

/** Reports to learn from or to measure on; of two annotators the first. */
const annotatedOnce = async (path: string): Promise<RadGraphReport[]> =>
  (await readAnnotated(path)).map(({ annotations: [first] }) => first!);

/** Patients whom nothing was learnt from, in the grammar's words and in those that are held out. */
async function phantomSets({ phantom: { test: count, typos, doubt } }: RadGraphRecipe): Promise<Record<string, RadGraphReport[]>> {
  const of = async (wording: 'grammar' | 'held-out'): Promise<RadGraphReport[]> => {
    const gold = await phantomGold({
      count,
      seed: 22,
      style: 'report',
      wording,
      typos: wording === 'grammar' ? 0 : typos,
      doubt,
      split: 'test',
    });
    return gold.map(({ annotations: [report] }) => report!);
  };
  return { "the grammar's words": await of('grammar'), 'held-out words': await of('held-out') };
}

async function scoresOf(
  model: DygieModel,
  sets: Readonly<Record<string, readonly RadGraphReport[]>>,
  bootstrapKey: Key,
  signal: AbortSignal,
): Promise<Record<string, ExtractionScores>> {
  const reader = radGraphReader(model);
  try {
    const scores: Record<string, ExtractionScores> = {};
    for (const [name, gold] of Object.entries(sets)) {
      const found = await reader.annotateTokens(
        gold.map(({ text }) => text.split(' ')),
        { signal },
      );
      const pairs = found.map(({ report }, i) => [report, cutReport(gold[i]!, report.text.split(' ').length).report] as const);
      scores[name] = extractionScores(pairs, { key: bootstrapKey, draws: DRAWS });
    }
    return scores;
  } finally {
    reader.dispose();
  }
}

/** Training of models that are asked about radiographs, stage by stage, in one run's folder. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Projection } from '../../datasets';
import { duration } from '../../display/internal';
import { dispose, type Key, key, startEngine, type Tree } from '../../engine';
import type { MemoryEstimate } from '../../experiments';
import { claimFolder } from '../../files/internal';
import type { PhantomParts, RadiographParts } from '../../systems';
import type { Optimisation, Watched } from '../../training';
import { asUsage, type Context, UsageError } from '../context';
import { addDataOptions, type DataFlags } from '../data-options';
import { wholeNumber } from '../numbers';
import type { OneBar } from '../one-bar';
import { runStages, type StageSteps, stageStepsOption, withStageSteps } from '../staged-training';
import { radiographPartsOf } from './parts';

/** What both systems' recipes have. */
export interface AskedRecipe {
  /** Those that the recipe has. */
  readonly stages: Readonly<Record<string, Optimisation | undefined>>;
  readonly phantom: PhantomParts;
  readonly run: { readonly checkpoint_every: number };
}

export interface FitAsked<R, S extends string> {
  readonly recipe: R;
  readonly data: RadiographParts;
  readonly key: Key;
  readonly signal: AbortSignal;
  readonly watch: (stage: S) => Omit<Watched, 'signal'>;
  readonly onProgress: OneBar['show'];
  readonly onNote: (note: string) => void;
}

/** A system as its command trains it. */
export interface AskedSystem<R extends AskedRecipe, S extends string> {
  /** The command's, and that of the recipes' folder. */
  readonly name: string;
  /** In their order, with what their bars say. */
  readonly stages: Readonly<Record<S, string>>;
  /** Of the phantom's studies. */
  readonly views: readonly Projection[];
  load(recipe: string): Promise<R>;
  size(recipe: R): number;
  memory(recipe: R): MemoryEstimate;
  parts(out: string): Readonly<Record<S, string>>;
  /** @returns the parameters, which the caller disposes */
  fit(options: FitAsked<R, S>, parts: Readonly<Record<S, string>>): Promise<Tree>;
}

interface Flags extends DataFlags {
  out: string;
  seed: number;
  steps: StageSteps;
  json?: boolean;
}

/** The subcommand's arguments, options and action. */
export function addTrainAsked<R extends AskedRecipe, S extends string>(
  system: AskedSystem<R, S>,
  command: Command,
  context: Context,
): void {
  stageStepsOption(
    addDataOptions(
      command
        .description('train all stages: settings, logs, checkpoints and the model in one folder; ask it with roentgen ask')
        .argument('[recipe]', `a recipe of data/${system.name} or a JSON file`, 'phantom')
        .requiredOption('--out <folder>', "the run's folder, new or empty"),
    ),
    Object.keys(system.stages),
  )
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--json', 'print how it went as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on to the same bytes as without the stop.')
    .action((recipe: string, flags: Flags) => trainRun(system, recipe, flags, context));
}

async function trainRun<R extends AskedRecipe, S extends string>(
  system: AskedSystem<R, S>,
  name: string,
  flags: Flags,
  context: Context,
): Promise<void> {
  const where = `${system.name} train`;
  const recipe = withStageSteps(await system.load(name), flags.steps);
  const { seed, data: source = 'phantom' } = flags;
  const out = resolve(flags.out);
  const stages = Object.keys(system.stages) as S[];
  const parts = system.parts(out);
  const model = parts[stages.at(-1)!];
  if (existsSync(join(model, 'config.json'))) throw new UsageError(`${where}: ${out} holds a finished run; give another folder (--out)`);
  claimFolder(out, 'a run', [...stages, 'config.json']);
  await startEngine();
  const data = await asUsage(where, () =>
    radiographPartsOf(where, flags, { size: system.size(recipe), phantom: recipe.phantom, views: system.views }, context),
  );
  const { records, pixels } = data.train;
  context.say(`About ${Math.round(system.memory(recipe).MiB)} MiB of memory; ${records.length} images to learn from.`);
  const { result, seconds } = await runStages<S, Tree>(
    {
      command: where,
      out,
      recipe,
      seed,
      data: source,
      identity: [records, pixels.identity],
      stages: Object.fromEntries(
        stages.flatMap((stage) => {
          const optimisation = recipe.stages[stage];
          return optimisation ? [[stage, { bar: system.stages[stage], batch: optimisation.batch_size }]] : [];
        }),
      ) as Record<S, { bar: string; batch: number }>,
      fit: (watch, onProgress) =>
        system.fit({ recipe, data, key: key(seed), signal: context.signal, watch, onProgress, onNote: (note) => context.say(note) }, parts),
    },
    context,
  );
  dispose(result);
  if (flags.json) {
    context.print(JSON.stringify({ folder: out, model, seconds }, null, 2));
    return;
  }
  context.print(`${duration(seconds)}; model ${model}. What it says is not for diagnosis.`);
  context.print(`Ask it: roentgen ask ${model} IMAGE.png --question "Is there pleural effusion?"`);
}

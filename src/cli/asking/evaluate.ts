/** What the evaluations of models that are asked about radiographs have in common: their options, recipe and data. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { startEngine } from '../../engine';
import { claimFolder } from '../../files/internal';
import { ASKED_SEEDS, phantomRadiographs, type RadiographParts, type Radiographs } from '../../systems';
import { asUsage, type Context } from '../context';
import { addDataOptions, type DataFlags } from '../data-options';
import { wholeNumber } from '../numbers';
import { oneBar } from '../one-bar';
import { type StageSteps, stageStepsOption, withStageSteps } from '../staged-training';
import { radiographPartsOf } from './parts';
import type { AskedRecipe, AskedSystem } from './train';

export interface EvaluateFlags extends DataFlags {
  out: string;
  seed: number;
  draws: number;
  steps: StageSteps;
  json?: boolean;
}

/** Adds the recipe and the options that both have. */
export const evaluateOptions = <R extends AskedRecipe, S extends string>(command: Command, { name, stages }: AskedSystem<R, S>): Command =>
  stageStepsOption(
    addDataOptions(
      command
        .argument('[recipe]', `a recipe of data/${name} or a JSON file`, 'phantom')
        .option('--out <folder>', 'where networks are kept, and what was measured goes', `runs/${name}-evaluation`),
    ),
    Object.keys(stages),
  )
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--draws <n>', 'of the bootstrap and of the test', wholeNumber(1), 1000)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on.');

export interface OpenEvaluation<R> {
  readonly command: string;
  readonly recipe: R;
  readonly out: string;
  readonly data: RadiographParts;
  /** Many patients of the phantom, the test's among them, to be told apart by group; of a data set there are its test's alone. */
  readonly groups?: () => Promise<Radiographs>;
}

/** So many times the test's patients are told apart by group. */
const OF_GROUPS = 10;

/** @throws FileError where the recipe or the data can't be worked with, or the folder holds something else */
export async function openAskedEvaluation<R extends AskedRecipe, S extends string>(
  system: AskedSystem<R, S>,
  recipeName: string,
  flags: EvaluateFlags,
  context: Context,
): Promise<OpenEvaluation<R>> {
  const command = `${system.name} evaluate`;
  const recipe = withStageSteps(await system.load(recipeName), flags.steps);
  const out = resolve(flags.out);
  claimFolder(out, `an evaluation of ${system.name}`, ['result.json', 'networks']);
  await startEngine();
  const { phantom } = recipe;
  const data = await asUsage(command, () =>
    radiographPartsOf(command, flags, { size: system.size(recipe), phantom, views: system.views }, context),
  );
  const isPhantom = (flags.data ?? 'phantom') === 'phantom';
  return { command, recipe, out, data, ...(isPhantom && { groups: () => groupsOf(system, recipe, context) }) };
}

async function groupsOf<R extends AskedRecipe, S extends string>(
  { size, views }: AskedSystem<R, S>,
  recipe: R,
  { signal }: Context,
): Promise<Radiographs> {
  const bars = oneBar();
  const onProgress = (done: number, total: number): void => bars.show('Patients by group', done, total);
  try {
    const patients = { seed: ASKED_SEEDS.test, count: OF_GROUPS * recipe.phantom.test, views };
    return await phantomRadiographs(patients, size(recipe), { signal, onProgress });
  } finally {
    bars.end();
  }
}

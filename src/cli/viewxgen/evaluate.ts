/** `roentgen viewxgen evaluate`: the table of ViewXGen at the scale of a laptop. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { key, startEngine } from '../../engine';
import { evaluateViewxgen } from '../../evaluation';
import { loadRecipe } from '../../experiments';
import { claimFolder } from '../../files/internal';
import { loadViewxgenRecipe } from '../../systems';
import { asUsage, type Context } from '../context';
import { addDataOptions, type DataFlags } from '../data-options';
import { wholeNumber } from '../numbers';
import { runEvaluation } from '../run-evaluation';
import { viewStudiesOf } from './data';
import { type StepsFlags, stepsOptions, withSteps } from './steps';

interface Flags extends DataFlags, StepsFlags {
  out: string;
  seed: number;
  draws: number;
  diffusion?: string;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addEvaluateViewxgen(command: Command, context: Context): void {
  stepsOptions(
    addDataOptions(
      command
        .description(
          'train one network for reports and views and one for each, and measure both by how many views a study has, beside the nearest training study',
        )
        .argument('[recipe]', 'a recipe of data/viewxgen or a JSON file', 'phantom')
        .option('--out <folder>', 'where networks are kept and result.json goes', 'runs/viewxgen-evaluation'),
    ),
  )
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--diffusion <recipe>', 'train a latent diffusion model on the same studies too, by a recipe of their size (quickstart)')
    .option('--draws <n>', 'of the bootstrap', wholeNumber(1), 500)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on.')
    .action((recipe: string, flags: Flags) => run(recipe, flags, context));
}

async function run(name: string, flags: Flags, context: Context): Promise<void> {
  const recipe = withSteps(await loadViewxgenRecipe(name), flags);
  const { seed, draws } = flags;
  const diffusion = flags.diffusion === undefined ? undefined : await loadRecipe(flags.diffusion);
  const out = resolve(flags.out);
  claimFolder(out, 'an evaluation of ViewXGen', ['result.json', 'networks']);
  await startEngine();
  const data = await asUsage('viewxgen evaluate', () => viewStudiesOf('viewxgen evaluate', flags, recipe, context));
  await runEvaluation(
    {
      command: 'viewxgen evaluate',
      out,
      facts: { recipe, seed, draws, ...(diffusion && { diffusion: diffusion.name }) },
      ...(flags.json && { json: true }),
      evaluate: (onProgress) =>
        evaluateViewxgen({
          recipe,
          data,
          key: key(seed),
          out,
          draws,
          ...(diffusion && { diffusion }),
          signal: context.signal,
          onProgress,
        }),
    },
    context,
  );
}

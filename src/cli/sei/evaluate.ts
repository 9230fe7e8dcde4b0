/** `roentgen sei evaluate`: the rows of SEI's table at the scale of a laptop. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { key, startEngine } from '../../engine';
import { evaluateSei } from '../../evaluation';
import { claimFolder } from '../../files/internal';
import { loadSeiRecipe } from '../../systems';
import type { Context } from '../context';
import { wholeNumber } from '../numbers';
import { runEvaluation } from '../run-evaluation';
import { addStudiesOptions, type StudiesFlags, studiesOf } from './data';
import { type StepsFlags, stepsOptions, withSteps } from './steps';

interface Flags extends StudiesFlags, StepsFlags {
  out: string;
  radgraph?: string;
  seed: number;
  draws: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addEvaluateSei(command: Command, context: Context): void {
  stepsOptions(
    addStudiesOptions(
      command
        .description(
          'train the rows of the paper’s table (without indication, without case, a baseline) and measure them, with limits on length, intervals and paired tests',
        )
        .argument('[recipe]', 'a recipe of data/sei or a JSON file', 'phantom')
        .option('--out <folder>', 'where networks are kept and result.json goes', 'runs/sei-evaluation'),
    ),
  )
    .option('--radgraph <folder>', 'a network that finds entities and relations (radgraph train), for the columns RadGraph')
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--draws <n>', 'of the bootstrap and of the test', wholeNumber(1), 1000)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on.')
    .action((recipe: string, flags: Flags) => run(recipe, flags, context));
}

async function run(name: string, flags: Flags, context: Context): Promise<void> {
  const recipe = withSteps(await loadSeiRecipe(name), flags);
  const { seed, draws, radgraph } = flags;
  const out = resolve(flags.out);
  claimFolder(out, 'an evaluation of SEI', ['result.json', 'networks']);
  await startEngine();
  const data = await studiesOf('sei evaluate', flags, recipe, context);
  await runEvaluation(
    {
      command: 'sei evaluate',
      out,
      facts: { recipe, seed, draws },
      ...(flags.json && { json: true }),
      evaluate: (onProgress) =>
        evaluateSei({
          recipe,
          data,
          key: key(seed),
          out,
          ...(radgraph !== undefined && { radGraph: resolve(radgraph) }),
          draws,
          signal: context.signal,
          onProgress,
        }),
    },
    context,
  );
}

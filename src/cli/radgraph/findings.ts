/** `roentgen radgraph findings`: RadGraph's findings at the scale of a laptop, over seeds. */

import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { startEngine } from '../../engine';
import { radGraphFindings } from '../../evaluation';
import { claimFolder } from '../../files/internal';
import { loadRadGraphRecipe } from '../../systems';
import type { Context } from '../context';
import { wholeNumber } from '../numbers';
import { runEvaluation } from '../run-evaluation';
import { stepsOf } from './train';

interface Flags {
  out: string;
  seeds: readonly number[];
  doubts: readonly number[];
  steps?: number;
  json?: boolean;
}

const numbers =
  (what: string, fits: (value: number) => boolean) =>
  (text: string): number[] => {
    const values = text.split(',').map(Number);
    if (text.trim() === '' || !values.every(fits)) throw new InvalidArgumentError(`expected ${what}.`);
    return values;
  };

/** The command's arguments, options and action. */
export function addFindings(command: Command, context: Context): void {
  command
    .description('trains small networks over seeds and rates of doubt, and says which of the paper’s findings they repeat, with intervals')
    .argument('[recipe]', 'a recipe of data/radgraph or a JSON file', 'small')
    .option('--out <folder>', 'where networks are kept and result.json goes', 'runs/radgraph-findings')
    .option(
      '--seeds <list>',
      'a training each',
      numbers('whole numbers such as 1,2,3', (value) => Number.isSafeInteger(value) && value >= 0),
      [1, 2, 3],
    )
    .option(
      '--doubts <list>',
      'rates of doubt in the training texts',
      numbers('fractions such as 0,0.2', (value) => value >= 0 && value <= 1),
      [0, 0.2],
    )
    .option('--steps <n>', "steps, in place of the recipe's", wholeNumber(1))
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on.')
    .action((recipe: string, flags: Flags) => run(recipe, flags, context));
}

async function run(name: string, flags: Flags, context: Context): Promise<void> {
  const recipe = stepsOf(await loadRadGraphRecipe(name), flags.steps);
  const out = resolve(flags.out);
  claimFolder(out, 'findings of RadGraph', ['result.json', 'networks']);
  await startEngine();
  const { seeds, doubts } = flags;
  await runEvaluation(
    {
      command: 'radgraph findings',
      out,
      facts: { recipe, seeds, doubts },
      ...(flags.json && { json: true }),
      evaluate: (onProgress) => radGraphFindings({ recipe, seeds, doubts, out, signal: context.signal, onProgress }),
    },
    context,
  );
}

/** `roentgen viewxgen evaluate`: the table of ViewXGen at the scale of a laptop. */

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { duration } from '../../display/internal';
import { key, startEngine } from '../../engine';
import { evaluateViewxgen } from '../../evaluation';
import { writeJson } from '../../files';
import { claimFolder } from '../../files/internal';
import { loadViewxgenRecipe } from '../../systems';
import { asUsage, type Context, Interrupted } from '../context';
import { addDataOptions, type DataFlags } from '../data-options';
import { wholeNumber } from '../numbers';
import { oneBar } from '../one-bar';
import { findingLine, tableLines } from '../result-tables';
import { viewStudiesOf } from './data';
import { type StepsFlags, stepsOptions, withSteps } from './steps';

interface Flags extends DataFlags, StepsFlags {
  out: string;
  seed: number;
  draws: number;
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
    .option('--draws <n>', 'of the bootstrap', wholeNumber(1), 500)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on.')
    .action((recipe: string, flags: Flags) => run(recipe, flags, context));
}

async function run(name: string, flags: Flags, context: Context): Promise<void> {
  const recipe = withSteps(await loadViewxgenRecipe(name), flags);
  const { seed, draws } = flags;
  const out = resolve(flags.out);
  claimFolder(out, 'an evaluation of ViewXGen', ['result.json', 'networks']);
  await startEngine();
  const data = await asUsage('viewxgen evaluate', () => viewStudiesOf('viewxgen evaluate', flags, recipe, context));
  const bars = oneBar();
  const started = performance.now();
  try {
    const result = await asUsage('viewxgen evaluate', () =>
      evaluateViewxgen({ recipe, data, key: key(seed), out, draws, signal: context.signal, onProgress: bars.show }),
    );
    bars.end();
    const seconds = (performance.now() - started) / 1000;
    await writeJson(join(out, 'result.json'), { ...result, recipe, seed, draws, seconds });
    if (flags.json) {
      context.print(JSON.stringify(result, null, 2));
      return;
    }
    for (const line of [...result.tables.flatMap(tableLines), ...result.findings.map(findingLine)]) context.print(line);
    for (const note of result.notes) context.say(note);
    context.print(`${duration(seconds)}; ${join(out, 'result.json')}; not for diagnosis.`);
  } catch (error) {
    if (context.signal.aborted) throw new Interrupted('viewxgen evaluate: interrupted; the same command goes on');
    throw error;
  } finally {
    bars.end();
  }
}

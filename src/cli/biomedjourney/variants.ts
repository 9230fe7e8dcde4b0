/** `roentgen biomedjourney variants`: the rows of the paper's table, trained alike and measured on the same journeys. */

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { startEngine } from '../../engine';
import { evaluateVariants } from '../../evaluation';
import { claimFolder } from '../../files/internal';
import { loadJourneyRecipe } from '../../systems';
import { asUsage, type Context } from '../context';
import { wholeNumber } from '../numbers';
import { withInstruments } from './measured';
import { showResult, writeSheet } from './result';
import { openJourneyRun } from './run';

interface Flags {
  out: string;
  seed: number;
  draws: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addVariants(command: Command, context: Context): void {
  command
    .description(
      'train the rows of the paper’s table on the phantom (no prior, image-to-image, one and two stages, with and without registration, progression and impression) and measure them',
    )
    .argument('[recipe]', 'a recipe of data/biomedjourney or a JSON file', 'laptop')
    .option(
      '--out <folder>',
      'where trainings are kept and result.json goes; the folder of a training (biomedjourney train) of the same recipe and seed is gone on from',
      'runs/journey',
    )
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--draws <n>', 'of the bootstrap', wholeNumber(1), 1000)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on.')
    .action((recipe: string, flags: Flags) => variants(recipe, flags, context));
}

async function variants(name: string, flags: Flags, context: Context): Promise<void> {
  const command = 'biomedjourney variants';
  const started = performance.now();
  const recipe = await loadJourneyRecipe(name);
  const { seed, draws } = flags;
  const out = resolve(flags.out);
  claimFolder(out, 'a run', ['config.json', 'autoencoder/checkpoints']);
  const engine = await startEngine({ seed });
  const { run, sittings } = await openJourneyRun(engine, { command, folder: out, recipe, seed }, context);
  try {
    const { truth, ...result } = await withInstruments(command, recipe, context, async ({ truth, instruments, bars }) => {
      const options = { seed, draws, signal: context.signal, onProgress: bars.show };
      return { truth, ...(await asUsage(command, () => evaluateVariants(run, truth, instruments, options))) };
    });
    const folder = join(out, 'variants');
    const facts = { recipe: recipe.name, guidance: recipe.guidance, seed, draws, journeys: truth.count, parts: sittings.parts };
    await showResult(folder, result, { ...facts, device: engine.device }, { started, ...(flags.json && { json: true }), context });
    await writeSheet(join(folder, 'sheet.png'), truth, result.rows);
  } finally {
    sittings.end();
  }
}

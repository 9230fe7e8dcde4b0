/** `roentgen biomedjourney train`: a model that edits by progression text, in two stages, in a run's folder. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { duration } from '../../display/internal';
import { startEngine } from '../../engine';
import { writeJson } from '../../files';
import { claimFolder } from '../../files/internal';
import { disposeModel, saveModel } from '../../pipelines';
import { loadJourneyRecipe, TWO_STAGES, triplesModel } from '../../systems';
import { asUsage, type Context, UsageError } from '../context';
import { wholeNumber } from '../numbers';
import { openJourneyRun } from './run';

interface Flags {
  out: string;
  data?: string;
  model?: string;
  seed: number;
  registration: boolean;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addTrainJourney(command: Command, context: Context): void {
  command
    .description('train a model that changes a prior image by words: autoencoder, single images, triples')
    .argument('[recipe]', 'a recipe of data/biomedjourney or a JSON file', 'laptop')
    .requiredOption('--out <folder>', "the run's folder, new or empty")
    .option('--data <folder>', 'images of patients with labels over time, such as NIH ChestX-ray14; without it those of the phantom')
    .option(
      '--model <model>',
      'a text-to-image model to begin with, such as Stable Diffusion: its autoencoder stays as it is; random weights without it',
    )
    .option('--no-registration', 'leave later images as they lie')
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--json', 'print how it went as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on to the same bytes as without the stop.')
    .action((recipe: string, flags: Flags) => trainJourney(recipe, flags, context));
}

async function trainJourney(name: string, flags: Flags, context: Context): Promise<void> {
  const command = 'biomedjourney train';
  const recipe = await loadJourneyRecipe(name);
  const { seed, data, model: base, registration } = flags;
  const out = resolve(flags.out);
  const folder = join(out, 'model');
  if (existsSync(join(folder, 'model_index.json')))
    throw new UsageError(`${command}: ${out} holds a finished run; give another folder (--out)`);
  claimFolder(out, 'a run', ['config.json', 'autoencoder/checkpoints']);
  const engine = await startEngine({ seed });
  const { run, sittings, notes } = await openJourneyRun(
    engine,
    { command, folder: out, recipe, seed, ...(data !== undefined && { data }), ...(base !== undefined && { model: base }) },
    context,
  );
  try {
    const model = await asUsage(command, () => triplesModel(run, { ...TWO_STAGES, registered: registration }));
    try {
      await saveModel(model, folder);
    } finally {
      disposeModel(model);
    }
  } finally {
    sittings.end();
  }
  const facts = { folder, recipe: recipe.name, seed, registration, parts: sittings.parts, notes };
  await writeJson(join(out, 'journey.json'), facts);
  const seconds = Object.values(sittings.parts).reduce((sum, part) => sum + part.seconds, 0);
  if (flags.json) context.print(JSON.stringify(facts, null, 2));
  else context.print(`${duration(seconds)} of training; model ${folder}, for roentgen edit`);
}

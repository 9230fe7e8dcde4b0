/** `roentgen mlm`: a text encoder of the domain's own, trained on the phantom's reports alone. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { progress } from '../display';
import { duration } from '../display/internal';
import { dispose, startEngine, type Tree } from '../engine';
import { type EncoderRecipe, fitEncoder, loadEncoderRecipe } from '../experiments/internal';
import { claimFolder } from '../files/internal';
import { tailLoss } from '../training';
import { cutNotes, tailMean } from '../training/internal';
import { asUsage, type Context, Interrupted, UsageError } from './context';
import { wholeNumber } from './numbers';

interface Flags {
  out: string;
  steps?: number;
  seed: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addMlm(command: Command, context: Context): void {
  command
    .argument('[recipe]', 'a recipe of data/encoders or a JSON file', 'phantom-bert')
    .option('--out <folder>', "the encoder's folder", 'models/phantom-bert')
    .option('--steps <n>', "steps, in place of the recipe's", wholeNumber(0))
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--json', 'print how it went as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on.')
    .action((recipe: string, flags: Flags) => runMlm(recipe, flags, context));
}

async function recipeOf(name: string, { steps }: Flags): Promise<EncoderRecipe> {
  const recipe = await loadEncoderRecipe(name);
  return steps === undefined ? recipe : { ...recipe, optimisation: { ...recipe.optimisation, steps } };
}

async function runMlm(name: string, flags: Flags, context: Context): Promise<void> {
  const recipe = await recipeOf(name, flags);
  const folder = resolve(flags.out);
  if (existsSync(join(folder, 'config.json'))) throw new UsageError(`mlm: ${folder} already holds an encoder; give another folder (--out)`);
  claimFolder(folder, 'an encoder in training', ['checkpoints']);
  const { key } = await startEngine({ seed: flags.seed });
  const bar = progress(recipe.optimisation.steps, 'Masked language modelling');
  const identity = JSON.stringify([recipe, flags.seed]);
  let notes: readonly string[] = [];
  const result = await asUsage('mlm', () =>
    fitEncoder(recipe, folder, {
      key,
      signal: context.signal,
      checkpoints: { folder: join(folder, 'checkpoints'), identity, resume: 'unfinished' },
      onTexts: (cut) => {
        notes = cutNotes(cut);
        for (const note of notes) context.say(note);
      },
      onStep: ({ step, loss, aux }) => bar.update(step, `loss ${loss.toFixed(3)}, found ${(100 * aux.accuracy!).toFixed(0)}%`),
    }),
  ).finally(() => bar.end());
  dispose(result.params as Tree);
  if (result.interrupted) throw new Interrupted(`mlm: interrupted after step ${result.log.length}; the same command goes on`);
  const facts = {
    folder,
    steps: result.log.length,
    seconds: result.seconds,
    loss: tailLoss(result.log),
    accuracy: tailMean(result.log, ({ aux }) => aux.accuracy!),
    notes,
  };
  if (flags.json) context.print(JSON.stringify(facts, null, 2));
  else {
    context.print(
      `${facts.steps} steps in ${duration(facts.seconds)}: loss ${facts.loss.toFixed(3)}, ${(100 * facts.accuracy).toFixed(0)}% of the hidden tokens found`,
    );
    context.print(`encoder ${folder}`);
  }
}

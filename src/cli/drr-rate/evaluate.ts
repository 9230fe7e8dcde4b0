/** `roentgen drr-rate evaluate`: the paper's pairs of domains, folds by image and by patient, a second view, causes of the gap. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { key, startEngine } from '../../engine';
import { type DrrRateEvaluationPart, drrRateParts, evaluateDrrRate } from '../../evaluation';
import { claimFolder } from '../../files/internal';
import { loadDrrRateRecipe } from '../../systems';
import type { Context } from '../context';
import { partsOf } from '../evaluation-parts';
import { wholeNumber } from '../numbers';
import { runEvaluation } from '../run-evaluation';
import { addFolderOptions, type FolderFlags, foldersOf } from './folders';

interface Flags extends FolderFlags {
  out: string;
  parts: DrrRateEvaluationPart[];
  seed: number;
  draws: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addEvaluateDrrRate(command: Command, context: Context): void {
  addFolderOptions(
    command
      .description('train CheXNet on reconstructions, on radiographs and on both, and measure each on either, with intervals')
      .argument('[recipe]', 'a recipe of data/drr-rate or a JSON file', 'laptop')
      .option('--out <folder>', 'where networks are kept and result.json goes', 'runs/drr-rate-evaluation')
      .option(
        '--parts <list>',
        'pairs of domains, folds by image and by patient, a lateral view as second input, causes of the gap (threshold, noise, scatter, texture; of the phantom alone)',
        partsOf(drrRateParts),
        ['pairs', 'folds', 'lateral'],
      ),
  )
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--draws <n>', 'of the bootstrap', wholeNumber(1), 500)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on.')
    .action((recipe: string, flags: Flags) => run(recipe, flags, context));
}

async function run(name: string, flags: Flags, context: Context): Promise<void> {
  const recipe = await loadDrrRateRecipe(name);
  const { seed, draws, parts } = flags;
  const folders = foldersOf(flags);
  const out = resolve(flags.out);
  claimFolder(out, 'an evaluation of DRR-RATE', ['result.json', 'networks']);
  await startEngine();
  await runEvaluation(
    {
      command: 'drr-rate evaluate',
      out,
      facts: { recipe, seed, draws, parts },
      ...(flags.json && { json: true }),
      evaluate: (onProgress) =>
        evaluateDrrRate({
          recipe,
          folders,
          parts,
          key: key(seed),
          out,
          draws,
          signal: context.signal,
          onProgress,
          onNote: (note) => context.say(note),
        }),
    },
    context,
  );
}

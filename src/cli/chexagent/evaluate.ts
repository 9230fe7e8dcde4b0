/** `roentgen chexagent evaluate`: its bench, what each stage adds, and gaps between groups, at the scale of a laptop. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { key, startEngine } from '../../engine';
import { evaluateCheXagent } from '../../evaluation';
import { claimFolder } from '../../files/internal';
import { cheXagentStages, loadCheXagentRecipe } from '../../systems';
import { radiographPartsOf } from '../asking/parts';
import { asUsage, type Context } from '../context';
import { addDataOptions, type DataFlags } from '../data-options';
import { wholeNumber } from '../numbers';
import { runEvaluation } from '../run-evaluation';
import { type StageSteps, stageStepsOption, withStageSteps } from '../staged-training';

interface Flags extends DataFlags {
  out: string;
  seed: number;
  draws: number;
  perTask: number;
  steps: StageSteps;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addEvaluateCheXagent(command: Command, context: Context): void {
  stageStepsOption(
    addDataOptions(
      command
        .description(
          'train it with all stages, without each of the first three, and with one sex’s findings rare; accuracies on a bench of test patients, gaps between groups',
        )
        .argument('[recipe]', 'a recipe of data/chexagent or a JSON file', 'phantom')
        .option('--out <folder>', 'where networks are kept and result.json goes', 'runs/chexagent-evaluation'),
    ),
    cheXagentStages,
  )
    .option('--per-task <n>', 'items of each task of the bench', wholeNumber(1), 100)
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--draws <n>', 'of the bootstrap and of the test', wholeNumber(1), 1000)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on.')
    .action((recipe: string, flags: Flags) => run(recipe, flags, context));
}

async function run(name: string, flags: Flags, context: Context): Promise<void> {
  const command = 'chexagent evaluate';
  const recipe = withStageSteps(await loadCheXagentRecipe(name), flags.steps);
  const { seed, draws, perTask } = flags;
  const out = resolve(flags.out);
  claimFolder(out, 'an evaluation of CheXagent', ['result.json', 'networks']);
  await startEngine();
  const { image_size: size = 224 } = recipe.vision;
  const views = ['PA', 'AP', 'LATERAL'] as const;
  const data = await asUsage(command, () => radiographPartsOf(command, flags, { size, phantom: recipe.phantom, views }, context));
  await runEvaluation(
    {
      command,
      out,
      facts: { recipe, seed, draws, perTask },
      ...(flags.json && { json: true }),
      evaluate: (onProgress) =>
        evaluateCheXagent({ recipe, data, key: key(seed), out, perTask, draws, signal: context.signal, onProgress }),
    },
    context,
  );
}

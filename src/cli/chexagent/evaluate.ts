/** `roentgen chexagent evaluate`: its bench, what each stage adds, and gaps between groups, at the scale of a laptop. */

import type { Command } from 'commander';
import { key } from '../../engine';
import { type CheXagentEvaluationPart, cheXagentEvaluationParts, evaluateCheXagent } from '../../evaluation';
import { type EvaluateFlags, evaluateOptions, openAskedEvaluation } from '../asking/evaluate';
import type { Context } from '../context';
import { partsOf } from '../evaluation-parts';
import { wholeNumber } from '../numbers';
import { runEvaluation } from '../run-evaluation';
import { cheXagent } from './system';

interface Flags extends EvaluateFlags {
  perTask: number;
  parts: CheXagentEvaluationPart[];
}

/** The command's arguments, options and action. */
export function addEvaluateCheXagent(command: Command, context: Context): void {
  const described = command.description(
    'train it with all stages, without each of the first three, and with one sex’s findings rare; accuracies on a bench of test patients, gaps between groups',
  );
  evaluateOptions(described, cheXagent)
    .option('--per-task <n>', 'items of each task of the bench', wholeNumber(1), 100)
    .option(
      '--parts <list>',
      'the bench, of one network; stages, of three more without one each; groups, of two where findings are left out',
      partsOf(cheXagentEvaluationParts),
      [...cheXagentEvaluationParts],
    )
    .action((recipe: string, flags: Flags) => run(recipe, flags, context));
}

async function run(name: string, flags: Flags, context: Context): Promise<void> {
  const { seed, draws, perTask, parts } = flags;
  const { command, recipe, out, data, groups } = await openAskedEvaluation(cheXagent, name, flags, context);
  const patients = parts.includes('groups') ? await groups?.() : undefined;
  await runEvaluation(
    {
      command,
      out,
      facts: { recipe, seed, draws, perTask, parts },
      ...(flags.json && { json: true }),
      evaluate: (onProgress) =>
        evaluateCheXagent({
          recipe,
          data,
          ...(patients && { groups: patients }),
          key: key(seed),
          out,
          parts,
          perTask,
          draws,
          signal: context.signal,
          onProgress,
        }),
    },
    context,
  );
}

/** `roentgen cxr-llava evaluate`: the paper's table at the scale of a laptop. */

import { join } from 'node:path';
import type { Command } from 'commander';
import { key } from '../../engine';
import { evaluateLlava } from '../../evaluation';
import { writeFileAtomic } from '../../files/internal';
import { ASKED_SEEDS, phantomRadiographs, type Radiographs } from '../../systems';
import { type EvaluateFlags, evaluateOptions, openAskedEvaluation } from '../asking/evaluate';
import type { Context } from '../context';
import { wholeNumber } from '../numbers';
import { runEvaluation } from '../run-evaluation';
import { cxrLlava } from './system';

interface Flags extends EvaluateFlags {
  plane: number;
}

/** Patients of the phantom that are children. */
const CHILDREN = 84;

/** The command's arguments, options and action. */
export function addEvaluateLlava(command: Command, context: Context): void {
  const described = command.description(
    'train the rows of the paper’s table and measure them: with and without labels learnt, both prompts, children and another processing, temperature × top-p',
  );
  evaluateOptions(described, cxrLlava, 'result.json and sampling.png')
    .option('--plane <n>', 'reports at each place of temperature and top-p; 0 leaves them out', wholeNumber(0), 100)
    .action((recipe: string, flags: Flags) => run(recipe, flags, context));
}

async function run(name: string, flags: Flags, context: Context): Promise<void> {
  const { seed, draws, plane } = flags;
  const { command, recipe, out, data } = await openAskedEvaluation(cxrLlava, name, flags, context);
  const isPhantom = (flags.data ?? 'phantom') === 'phantom';
  const external = isPhantom ? await elsewhere(recipe.phantom.test, cxrLlava.size(recipe), context.signal) : {};
  await runEvaluation(
    {
      command,
      out,
      facts: { recipe, seed, draws },
      ...(flags.json && { json: true }),
      evaluate: async (onProgress) => {
        const { figure, ...result } = await evaluateLlava({
          recipe,
          data,
          external,
          key: key(seed),
          out,
          plane,
          draws,
          signal: context.signal,
          onProgress,
        });
        const png = figure?.bundle()['image/png'];
        if (typeof png === 'string') await writeFileAtomic(join(out, 'sampling.png'), Buffer.from(png, 'base64'));
        return result;
      },
    },
    context,
  );
}

/** Images unlike those of the training: of other people, and of the test's people from another machine. */
async function elsewhere(count: number, size: number, signal: AbortSignal): Promise<Record<string, Radiographs>> {
  return {
    'children alone': await phantomRadiographs({ seed: CHILDREN, count, children: 1 }, size, { signal }),
    'another processing (CLAHE)': await phantomRadiographs({ seed: ASKED_SEEDS.test, count }, size, { signal, processed: true }),
  };
}

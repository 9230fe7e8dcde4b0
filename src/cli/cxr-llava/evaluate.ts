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
import { oneBar } from '../one-bar';
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
    'train the rows of the paper’s table and measure them: with and without labels learnt, both prompts, children, another processing and another renderer, temperature × top-p, and one sex’s findings rare',
  );
  evaluateOptions(described, cxrLlava)
    .option('--plane <n>', 'reports at each place of temperature and top-p; 0 leaves them out', wholeNumber(0), 100)
    .action((recipe: string, flags: Flags) => run(recipe, flags, context));
}

async function run(name: string, flags: Flags, context: Context): Promise<void> {
  const { seed, draws, plane } = flags;
  const { command, recipe, out, data, groups } = await openAskedEvaluation(cxrLlava, name, flags, context);
  const patients = await groups?.();
  // Those are of the phantom, as its groups are.
  const external = groups ? await externalOf(recipe.phantom.test, cxrLlava.size(recipe), context) : {};
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
          ...(patients && { groups: patients }),
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

/** Images unlike those of the training: of other people, of the test's people from a machine that shows contrast in another way, and by another renderer. */
async function externalOf(count: number, size: number, context: Context): Promise<Readonly<Record<string, Radiographs>>> {
  const bars = oneBar();
  const watched = (what: string) => ({
    signal: context.signal,
    onProgress: (done: number, total: number) => bars.show(what, done, total),
  });
  const test = { seed: ASKED_SEEDS.test, count };
  try {
    return {
      'children alone': await phantomRadiographs({ seed: CHILDREN, count, children: 1 }, size, watched('Children')),
      'another processing (CLAHE)': await phantomRadiographs(test, size, { ...watched('Another processing'), look: 'clahe' }),
      'another renderer (projected volumes)': await phantomRadiographs(test, size, {
        ...watched('Volumes projected'),
        look: 'projected',
      }),
    };
  } finally {
    bars.end();
  }
}

/** `roentgen cxr-llava evaluate`: the paper's table at the scale of a laptop. */

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { key, startEngine } from '../../engine';
import { evaluateLlava, type LlavaEvaluation } from '../../evaluation';
import { claimFolder, writeFileAtomic } from '../../files/internal';
import { llavaStages, loadLlavaRecipe, phantomRadiographs, type Radiographs } from '../../systems';
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
  plane: number;
  steps: StageSteps;
  json?: boolean;
}

/** Patients of the phantom that images from elsewhere are of. */
const CHILDREN = 84;

/** The command's arguments, options and action. */
export function addEvaluateLlava(command: Command, context: Context): void {
  stageStepsOption(
    addDataOptions(
      command
        .description(
          'train the rows of the paper’s table and measure them: with and without labels learnt, both prompts, children and another processing, temperature × top-p',
        )
        .argument('[recipe]', 'a recipe of data/cxr-llava or a JSON file', 'phantom')
        .option('--out <folder>', 'where networks are kept and result.json and sampling.png go', 'runs/cxr-llava-evaluation'),
    ),
    llavaStages,
  )
    .option('--plane <n>', 'reports at each place of temperature and top-p; 0 leaves them out', wholeNumber(0), 100)
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--draws <n>', 'of the bootstrap and of the test', wholeNumber(1), 1000)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on.')
    .action((recipe: string, flags: Flags) => run(recipe, flags, context));
}

async function run(name: string, flags: Flags, context: Context): Promise<void> {
  const command = 'cxr-llava evaluate';
  const recipe = withStageSteps(await loadLlavaRecipe(name), flags.steps);
  const { seed, draws, plane } = flags;
  const out = resolve(flags.out);
  claimFolder(out, 'an evaluation of CXR-LLaVA', ['result.json', 'networks']);
  await startEngine();
  const { image_size: size = 224 } = recipe.vision;
  const data = await asUsage(command, () =>
    radiographPartsOf(command, flags, { size, phantom: recipe.phantom, views: ['PA', 'AP'] }, context),
  );
  const count = recipe.phantom.test;
  const isPhantom = (flags.data ?? 'phantom') === 'phantom';
  const external: Record<string, Radiographs> = isPhantom
    ? {
        'children alone': await phantomRadiographs({ seed: CHILDREN, count, children: 1 }, size),
        'another processing (CLAHE)': await phantomRadiographs({ seed: 82, count }, size, { processed: true }),
      }
    : {};
  await runEvaluation<LlavaEvaluation>(
    {
      command,
      out,
      facts: { recipe, seed, draws },
      ...(flags.json && { json: true }),
      evaluate: async (onProgress) => {
        const result = await evaluateLlava({
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
        const png = result.figure?.bundle()['image/png'];
        if (typeof png === 'string') await writeFileAtomic(join(out, 'sampling.png'), Buffer.from(png, 'base64'));
        const { figure: _, ...rest } = result;
        return rest;
      },
    },
    context,
  );
}

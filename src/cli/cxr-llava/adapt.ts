/** `roentgen cxr-llava adapt`: a language model that was trained elsewhere learns to answer about radiographs. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { openChatModel } from '../../decoders';
import { duration } from '../../display/internal';
import { dispose, key, startEngine, type Tree } from '../../engine';
import { claimFolder } from '../../files/internal';
import { type AdaptRecipe, adaptLlava, estimateAdaptMemory, llavaVision, loadAdaptRecipe, loadCxrLlava } from '../../systems';
import type { Optimisation } from '../../training';
import { radiographPartsOf } from '../asking/parts';
import { asUsage, type Context, UsageError } from '../context';
import { addDataOptions, type DataFlags } from '../data-options';
import { wholeNumber } from '../numbers';
import { runStages } from '../staged-training';
import { cxrLlava } from './system';

interface Flags extends DataFlags {
  language: string;
  recipe: string;
  out: string;
  steps?: number;
  seed: number;
  json?: boolean;
}

/** The subcommand's arguments, options and action. */
export function addAdaptLlava(command: Command, context: Context): void {
  addDataOptions(
    command
      .description(
        "teach a language model that was trained elsewhere: a model's image encoder before it, a new projector and low-rank adapters train; ask it with roentgen ask",
      )
      .argument('<model>', 'the folder of the model whose image encoder is taken (cxr-llava train)')
      .requiredOption('--out <folder>', "the run's folder, new or empty"),
  )
    .option('--language <model>', 'smollm2, a folder of a Llama with a chat template, or a GGUF file', 'smollm2')
    .option('--recipe <recipe>', 'a recipe of data/cxr-llava/adapt or a JSON file', 'smollm2')
    .option('--steps <n>', "steps in place of the recipe's", wholeNumber(1))
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--json', 'print how it went as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on to the same bytes as without the stop.')
    .action((model: string, flags: Flags) => adapt(model, flags, context));
}

async function adapt(from: string, flags: Flags, context: Context): Promise<void> {
  const where = 'cxr-llava adapt';
  const recipe = withSteps(await loadAdaptRecipe(flags.recipe), flags.steps);
  const { seed, data: source = 'phantom' } = flags;
  const out = resolve(flags.out);
  const folder = join(out, 'model');
  if (existsSync(join(folder, 'config.json'))) throw new UsageError(`${where}: ${out} holds a finished run; give another folder (--out)`);
  claimFolder(out, 'a run', ['adapters', 'config.json']);
  await startEngine();
  const model = await loadCxrLlava(resolve(from));
  const { size } = llavaVision(model.config);
  try {
    const language = await openChatModel(flags.language);
    try {
      const counts = { train: recipe.phantom.train, test: 2, texts: 1 };
      const { train } = await asUsage(where, () =>
        radiographPartsOf(where, flags, { size, phantom: counts, views: cxrLlava.views }, context),
      );
      const { MiB } = await asUsage(where, async () => estimateAdaptMemory({ recipe, model, language }));
      context.say(`About ${Math.round(MiB)} MiB of memory; ${train.records.length} images to learn from.`);
      const { result, seconds } = await runStages(
        {
          command: where,
          out,
          recipe,
          seed,
          data: source,
          identity: [train.records, train.pixels.identity, from, flags.language],
          stages: { adapters: { bar: 'Projector and adapters', batch: recipe.optimisation.batch_size } },
          fit: (watch, show) =>
            adaptLlava(
              {
                recipe,
                model,
                language,
                data: train,
                key: key(seed),
                signal: context.signal,
                ...watch('adapters'),
                onProgress: (done, total) => show('Images read once', done, total),
                onNote: (note) => context.say(note),
              },
              folder,
            ),
        },
        context,
      );
      dispose(result.params as Tree);
      if (flags.json) {
        context.print(JSON.stringify({ folder: out, model: folder, seconds }, null, 2));
        return;
      }
      context.print(`${duration(seconds)}; model ${folder}. What it says is not for diagnosis.`);
      context.print(`Ask it: roentgen ask ${folder} IMAGE.png --question "Is there pleural effusion?"`);
    } finally {
      dispose(language.params);
    }
  } finally {
    dispose(model.params as Tree);
  }
}

/** The recipe with other steps, where they are given. */
const withSteps = (recipe: AdaptRecipe, steps: number | undefined): AdaptRecipe => {
  const optimisation: Optimisation = { ...recipe.optimisation, steps: steps ?? recipe.optimisation.steps };
  return { ...recipe, optimisation };
};

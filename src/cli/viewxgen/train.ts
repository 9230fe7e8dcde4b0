/** `roentgen viewxgen train`: the autoencoder of codes, then the network over reports and views, in one run's folder. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { duration } from '../../display/internal';
import { dispose, key, startEngine, type Tree } from '../../engine';
import { writeJson } from '../../files';
import { claimFolder } from '../../files/internal';
import {
  autoencoderHash,
  estimateViewxgenMemory,
  fitViewxgen,
  loadViewxgenRecipe,
  reportVocabulary,
  useOfCodes,
  type ViewStudies,
  type ViewxgenModel,
  type ViewxgenRecipe,
  type ViewxgenStage,
  viewxgenParts,
} from '../../systems';
import { asUsage, type Context, UsageError } from '../context';
import { addDataOptions, type DataFlags } from '../data-options';
import { wholeNumber } from '../numbers';
import { runStages } from '../staged-training';
import { viewStudiesOf } from './data';
import { type StepsFlags, stepsOptions, withSteps } from './steps';

interface Flags extends DataFlags, StepsFlags {
  out: string;
  seed: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addTrainViewxgen(command: Command, context: Context): void {
  stepsOptions(
    addDataOptions(
      command
        .description('train the autoencoder of codes and the network: settings, logs, checkpoints and the model in one folder')
        .argument('[recipe]', 'a recipe of data/viewxgen or a JSON file', 'phantom')
        .requiredOption('--out <folder>', "the run's folder, new or empty"),
    ),
  )
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--json', 'print how it went as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on to the same bytes as without the stop.')
    .action((recipe: string, flags: Flags) => trainRun(recipe, flags, context));
}

async function trainRun(name: string, flags: Flags, context: Context): Promise<void> {
  const recipe = withSteps(await loadViewxgenRecipe(name), flags);
  const { seed, data: source = 'phantom' } = flags;
  const out = resolve(flags.out);
  const parts = viewxgenParts(out);
  if (existsSync(join(out, 'scores.json')))
    throw new UsageError(`viewxgen train: ${out} holds a finished run; give another folder (--out)`);
  claimFolder(out, 'a run', ['autoencoder', 'config.json']);
  await startEngine();
  const { train: data } = await asUsage('viewxgen train', () => viewStudiesOf('viewxgen train', flags, recipe, context));
  context.say(memoryLine(recipe, data));
  const { result: model, seconds } = await runStages<ViewxgenStage, ViewxgenModel>(
    {
      command: 'viewxgen train',
      out,
      recipe,
      seed,
      data: source,
      identity: [data.studies, data.pixels.identity],
      stages: {
        autoencoder: { bar: 'Images to codes', batch: recipe.autoencoder.optimisation.batch_size },
        sequence: { bar: 'Reports and views', batch: recipe.optimisation.batch_size },
      },
      fit: (watch, show) =>
        fitViewxgen(
          {
            recipe,
            data,
            key: key(seed),
            signal: context.signal,
            onNote: (note) => context.say(note),
            onProgress: (done, total) => show('Codes of images', done, total),
            watch,
          },
          out,
        ),
    },
    context,
  );
  const { params, vq } = model;
  const autoencoder = await autoencoderHash(parts.autoencoder);
  const use = await useOfCodes(vq, data, { size: recipe.size, autoencoder, signal: context.signal });
  dispose(params as Tree, vq.params as Tree);
  const facts = { folder: out, seconds, codes: { of: vq.config.num_vq_embeddings, ...use } };
  await writeJson(join(out, 'scores.json'), facts);
  if (flags.json) {
    context.print(JSON.stringify(facts, null, 2));
    return;
  }
  context.print(
    `Codes of the training images: ${use.used} of ${facts.codes.of} are used, as if ${use.perplexity.toFixed(0)} were used alike.`,
  );
  context.print(`${duration(seconds)}; model ${parts.model}. What it makes is synthetic, not for diagnosis.`);
}

function memoryLine(recipe: ViewxgenRecipe, data: ViewStudies): string {
  const { MiB } = estimateViewxgenMemory(recipe, reportVocabulary(data, recipe.vocabulary_size, recipe.network.text_length));
  return `About ${Math.round(MiB)} MiB of memory; ${data.studies.length} studies with ${data.pixels.length} images to learn from.`;
}

/** `roentgen viewxgen train`: the autoencoder of codes, then the network over reports and views, in one run's folder. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { duration } from '../../display/internal';
import { dispose, key, startEngine, type Tree } from '../../engine';
import { openRunFolder, type RunFolder, writeRunConfig } from '../../experiments/internal';
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
  type ViewxgenRecipe,
  type ViewxgenStage,
  viewxgenParts,
  viewxgenStages,
} from '../../systems';
import { asUsage, type Context, Interrupted, UsageError } from '../context';
import { addDataOptions, type DataFlags } from '../data-options';
import { wholeNumber } from '../numbers';
import { oneBar } from '../one-bar';
import { viewStudiesOf } from './data';
import { type StepsFlags, stepsOptions, withSteps } from './steps';

interface Flags extends DataFlags, StepsFlags {
  out: string;
  seed: number;
  json?: boolean;
}

const BARS: Readonly<Record<ViewxgenStage, string>> = { autoencoder: 'Images to codes', sequence: 'Reports and views' };

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
  const engine = await startEngine();
  const { train: data } = await asUsage('viewxgen train', () => viewStudiesOf('viewxgen train', flags, recipe, context));
  context.say(memoryLine(recipe, data));
  const runs: Partial<Record<ViewxgenStage, RunFolder>> = {};
  const losses: Partial<Record<ViewxgenStage, number>> = {};
  const bars = oneBar();
  const started = performance.now();
  try {
    await writeRunConfig(out, { recipe, seed, data: source }, engine);
    const { params, vq } = await asUsage('viewxgen train', () =>
      fitViewxgen(
        {
          recipe,
          data,
          key: key(seed),
          signal: context.signal,
          onNote: (note) => context.say(note),
          onProgress: (done, total) => bars.show('Codes of images', done, total),
          watch(stage) {
            const folder = join(out, stage);
            const { batch_size } = stage === 'sequence' ? recipe.optimisation : recipe.autoencoder.optimisation;
            runs[stage] = openRunFolder(folder);
            return {
              checkpoints: {
                folder: join(folder, 'checkpoints'),
                identity: JSON.stringify([recipe, seed, data.studies, data.pixels.identity]),
                resume: 'always',
                every: recipe.run.checkpoint_every,
              },
              async onStart(log) {
                await writeRunConfig(folder, { recipe, seed, data: source, stage }, engine);
                await runs[stage]!.begin(log);
              },
              onStep(log) {
                runs[stage]!.step(log, batch_size);
                losses[stage] = log.step === 1 ? log.loss : 0.98 * (losses[stage] ?? log.loss) + 0.02 * log.loss;
                bars.show(`${BARS[stage]}, loss ${losses[stage]!.toFixed(3)}`, log.step, log.steps);
              },
            };
          },
        },
        out,
      ),
    );
    bars.end();
    const use = await useOfCodes(vq, data, {
      size: recipe.size,
      autoencoder: await autoencoderHash(parts.autoencoder),
      signal: context.signal,
    });
    dispose(params as Tree, vq.params as Tree);
    const facts = { folder: out, seconds: (performance.now() - started) / 1000, codes: { of: vq.config.num_vq_embeddings, ...use } };
    await writeJson(join(out, 'scores.json'), facts);
    if (flags.json) {
      context.print(JSON.stringify(facts, null, 2));
      return;
    }
    context.print(
      `Codes of the training images: ${use.used} of ${facts.codes.of} are used, as if ${use.perplexity.toFixed(0)} were used alike.`,
    );
    context.print(`${duration(facts.seconds)}; model ${parts.model}. What it makes is synthetic, not for diagnosis.`);
  } catch (error) {
    if (context.signal.aborted) throw new Interrupted('viewxgen train: interrupted; the same command goes on');
    throw error;
  } finally {
    bars.end();
    for (const stage of viewxgenStages) runs[stage]?.end();
  }
}

function memoryLine(recipe: ViewxgenRecipe, data: ViewStudies): string {
  const { MiB } = estimateViewxgenMemory(recipe, reportVocabulary(data, recipe.vocabulary_size, recipe.network.text_length));
  return `About ${Math.round(MiB)} MiB of memory; ${data.studies.length} studies with ${data.pixels.length} images to learn from.`;
}

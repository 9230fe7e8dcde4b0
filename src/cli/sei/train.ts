/** `roentgen sei train`: encoders that align images and texts, similar cases, and a writer of reports, in one run's folder. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { duration } from '../../display/internal';
import { dispose, key, startEngine, type Tree } from '../../engine';
import { writeJson } from '../../files';
import { claimFolder } from '../../files/internal';
import { estimateSeiMemory, fitSei, loadSeiRecipe, runParts, type SeiStage, sharedOfCases, studiesVocabulary } from '../../systems';
import { asUsage, type Context, UsageError } from '../context';
import { wholeNumber } from '../numbers';
import { runStages } from '../staged-training';
import { addStudiesOptions, type StudiesFlags, sharingInWords, studiesOf } from './data';
import { type StepsFlags, stepsOptions, withSteps } from './steps';

interface Flags extends StudiesFlags, StepsFlags {
  out: string;
  seed: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addTrainSei(command: Command, context: Context): void {
  stepsOptions(
    addStudiesOptions(
      command
        .description('train both stages: settings, logs, checkpoints, networks, the annotation with similar cases, in one folder')
        .argument('[recipe]', 'a recipe of data/sei or a JSON file', 'phantom')
        .requiredOption('--out <folder>', "the run's folder, new or empty"),
    ),
  )
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--json', 'print how it went as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on to the same bytes as without the stop.')
    .action((recipe: string, flags: Flags) => trainRun(recipe, flags, context));
}

async function trainRun(name: string, flags: Flags, context: Context): Promise<void> {
  const recipe = withSteps(await loadSeiRecipe(name), flags);
  const { seed, data: annotation = 'phantom' } = flags;
  const out = resolve(flags.out);
  const parts = runParts(out);
  if (existsSync(join(parts.writer, 'config.json')))
    throw new UsageError(`sei train: ${out} holds a finished run; give another folder (--out)`);
  claimFolder(out, 'a run', ['alignment', 'config.json']);
  await startEngine();
  const data = await studiesOf('sei train', flags, recipe, context);
  const { train } = data.annotation;
  const { vocabulary_size: words, text } = recipe;
  await asUsage('sei train', () => {
    const { MiB } = estimateSeiMemory(recipe, studiesVocabulary(train, words, text.max_position_embeddings ?? 512));
    context.say(`About ${Math.round(MiB)} MiB of memory; ${train.length} studies to learn from.`);
  });
  const { result, seconds } = await runStages<SeiStage, Awaited<ReturnType<typeof fitSei>>>(
    {
      command: 'sei train',
      out,
      recipe,
      seed,
      data: annotation,
      identity: data.identity,
      stages: {
        alignment: { bar: 'Images and texts aligned', batch: recipe.alignment.optimisation.batch_size },
        writer: { bar: 'Reports learnt', batch: recipe.writer.optimisation.batch_size },
      },
      fit: (watch) =>
        fitSei(
          {
            recipe,
            data,
            key: key(seed),
            signal: context.signal,
            onTaken(stage, { studies, withoutText, cut }) {
              if (withoutText > 0) context.say(`${withoutText} of ${studies} studies have no text to align with and are left out.`);
              if (cut > 0) context.say(`${cut} of ${studies} texts are longer than is read (${stage}) and are cut.`);
            },
            watch,
          },
          out,
        ),
    },
    context,
  );
  dispose(result.writer.params as Tree);
  const shared = sharedOfCases(result.annotation.train, result.annotation.test);
  const facts = { folder: out, seconds, cases: shared };
  await writeJson(join(out, 'cases.json'), facts);
  if (flags.json) {
    context.print(JSON.stringify(facts, null, 2));
    return;
  }
  context.print(`Test studies: ${sharingInWords(shared)}`);
  context.print(`${duration(seconds)}; networks and cases in ${out}. Nothing here is for diagnosis.`);
}

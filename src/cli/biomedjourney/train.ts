/** `roentgen biomedjourney train`: a model that edits by progression text, in two stages, in a run's folder. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { openDataset, phantomSplit, pixelRows } from '../../datasets';
import { recordsOf } from '../../datasets/internal';
import { progress } from '../../display';
import { duration } from '../../display/internal';
import { type Key, split, startEngine } from '../../engine';
import { type FitResult, fitVae, initModel } from '../../experiments';
import { openRunFolder, type RunFolder, recipeTokenizer, writeRunConfig } from '../../experiments/internal';
import { type Rows, writeJson } from '../../files';
import { claimFolder } from '../../files/internal';
import { disposeModel, type Model, saveModel } from '../../pipelines';
import {
  fitJourney,
  type JourneyPixels,
  type JourneyRecipe,
  journeyPixels,
  labelJourneys,
  loadJourneyRecipe,
  phantomJourneys,
} from '../../systems';
import { cutNotes } from '../../training/internal';
import { asUsage, type Context, Interrupted, UsageError } from '../context';
import { wholeNumber } from '../numbers';
import { JOURNEY_SEEDS } from './seeds';

interface Flags {
  out: string;
  data?: string;
  seed: number;
  registration: boolean;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addTrainJourney(command: Command, context: Context): void {
  command
    .description('train a model that changes a prior image by words: autoencoder, single images, triples')
    .argument('[recipe]', 'a recipe of data/biomedjourney or a JSON file', 'laptop')
    .requiredOption('--out <folder>', "the run's folder, new or empty")
    .option('--data <folder>', 'images of patients with labels over time, such as NIH ChestX-ray14; without it those of the phantom')
    .option('--no-registration', 'leave later images as they lie')
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--json', 'print how it went as JSON')
    .addHelpText('after', '\nStopped with Ctrl-C and called again, it goes on to the same bytes as without the stop.')
    .action((recipe: string, flags: Flags) => trainJourney(recipe, flags, context));
}

/** How each part went, by its name. */
type Parts = Record<string, { readonly steps: number; readonly seconds: number }>;

/** Runs one training in a folder of its own, with a bar. */
class Sittings {
  readonly parts: Parts = {};
  private readonly folders: RunFolder[] = [];

  constructor(
    private readonly out: string,
    private readonly recipe: JourneyRecipe['model'],
    private readonly context: Context,
    private readonly onBegin: () => Promise<void>,
  ) {}

  /** What a training is told of where it keeps its steps. */
  options(name: string, steps: number, batchSize: number) {
    const run = openRunFolder(join(this.out, name));
    this.folders.push(run);
    const bar = progress(steps, name);
    return {
      signal: this.context.signal,
      checkpoint: {
        folder: join(run.folder, 'checkpoints'),
        resume: 'always' as const,
        keep: 2,
        every: this.recipe.run?.checkpoint_every ?? 250,
      },
      onStart: async (log: FitResult['log']): Promise<void> => {
        await this.onBegin();
        await run.begin(log);
      },
      onStep: (log: FitResult['log'][number]): void => {
        run.step(log, batchSize);
        bar.update(log.step, `loss ${log.loss.toFixed(3)}`);
        if (log.step === steps) bar.end();
      },
    };
  }

  /** @throws Interrupted where the part was */
  ended(name: string, { interrupted, log, seconds }: FitResult): void {
    if (interrupted)
      throw new Interrupted(`biomedjourney train: interrupted after step ${log.length} of ${name}; the same command goes on`);
    this.parts[name] = { steps: log.length, seconds: Math.round(seconds) };
  }

  end(): void {
    for (const folder of this.folders) folder.end();
  }
}

interface Learnt {
  readonly keys: readonly [Key, Key];
  readonly pixels: Rows;
  readonly texts: readonly string[];
  readonly triples: JourneyPixels;
  readonly note: (sentence: string) => void;
}

/** The autoencoder, then both stages. */
async function trainParts(
  model: Model,
  recipe: JourneyRecipe,
  { keys, pixels, texts, triples, note }: Learnt,
  sittings: Sittings,
): Promise<void> {
  const { vae, diffusion } = recipe.model;
  const { steps, batch_size } = vae.optimisation;
  const autoencoder = await fitVae(model, recipe.model, pixels, { key: keys[0], ...sittings.options('autoencoder', steps, batch_size) });
  sittings.ended('autoencoder', autoencoder);
  const results = await fitJourney(model, recipe, {
    key: keys[1],
    singles: { pixels, texts },
    triples,
    stage: (stage) => ({
      ...sittings.options(stage, recipe[stage].steps, diffusion.optimisation.batch_size),
      onTexts: (cut) => cutNotes(cut).forEach(note),
    }),
  });
  for (const [stage, result] of Object.entries(results)) sittings.ended(stage, result);
}

async function trainJourney(name: string, flags: Flags, context: Context): Promise<void> {
  const recipe = await loadJourneyRecipe(name);
  const { model: base } = recipe;
  const { seed } = flags;
  const out = resolve(flags.out);
  const folder = join(out, 'model');
  if (existsSync(join(folder, 'model_index.json')))
    throw new UsageError(`biomedjourney train: ${out} holds a finished run; give another folder (--out)`);
  claimFolder(out, 'a run', ['config.json', 'autoencoder/checkpoints']);
  const engine = await startEngine({ seed });
  const [modelKey, vaeKey, journeyKey] = split(engine.key, 3) as [Key, Key, Key];
  const { data } = flags;
  const singles = data === undefined ? phantomSplit(base.data).train : await asUsage('biomedjourney train', () => openDataset({ data }));
  const journeys = await asUsage('biomedjourney train', () =>
    data === undefined ? phantomJourneys({ seed: JOURNEY_SEEDS.train, count: recipe.triples.train }) : labelJourneys(singles),
  );
  const texts = recordsOf(singles).map(({ text }) => text);
  const notes: string[] = [...(singles.notes ?? []), ...journeys.notes];
  const note = (sentence: string): void => {
    notes.push(sentence);
    context.say(sentence);
  };
  const model: Model = await asUsage('biomedjourney train', () =>
    initModel(base, recipeTokenizer(base, data ?? 'phantom', [...texts, ...journeys.instructions]), modelKey),
  );
  const sittings = new Sittings(out, base, context, () =>
    writeRunConfig(out, { recipe: base, seed, data: { data: data ?? 'phantom' }, notes }, engine),
  );
  try {
    const { signal } = context;
    const pixels = await pixelRows(singles, base.size, { signal });
    const triples = await journeyPixels(journeys, base.size, flags.registration ? recipe.registration : undefined, { signal });
    triples.notes.forEach(note);
    await asUsage('biomedjourney train', () =>
      trainParts(model, recipe, { keys: [vaeKey, journeyKey], pixels, texts, triples, note }, sittings),
    );
    await saveModel(model, folder);
  } finally {
    sittings.end();
    disposeModel(model);
  }
  const facts = { folder, recipe: recipe.name, seed, registration: flags.registration, parts: sittings.parts, notes };
  await writeJson(join(out, 'journey.json'), facts);
  const seconds = Object.values(sittings.parts).reduce((sum, part) => sum + part.seconds, 0);
  if (flags.json) context.print(JSON.stringify(facts, null, 2));
  else context.print(`${duration(seconds)} of training; model ${folder}, for roentgen edit`);
}

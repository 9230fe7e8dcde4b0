/** What is trained and on which data: the same for one model and for the table's rows. */

import { openDataset, phantomSplit, pixelRows } from '../../datasets';
import { recordsOf } from '../../datasets/internal';
import { type EngineInfo, type Key, split } from '../../engine';
import { recipeTokenizer, writeRunConfig } from '../../experiments/internal';
import { findModelFolder } from '../../files/internal';
import { hashModel } from '../../pipelines/internal';
import {
  JOURNEY_SEEDS,
  type JourneyPixels,
  type JourneyRecipe,
  type JourneyRun,
  journeyPixels,
  labelJourneys,
  phantomJourneys,
} from '../../systems';
import { asUsage, type Context } from '../context';
import { Sittings } from './sittings';

export interface RunOptions {
  readonly command: string;
  readonly folder: string;
  readonly recipe: JourneyRecipe;
  readonly seed: number;
  /** A folder of images with labels over time; the phantom without it. */
  readonly data?: string;
  /** A model to begin with; random weights without it. */
  readonly model?: string;
}

export interface OpenRun {
  readonly run: JourneyRun;
  readonly sittings: Sittings;
  readonly notes: readonly string[];
}

/** A given model, by its folder and what names its weights. */
async function startOf(named: string, signal: AbortSignal): Promise<{ readonly folder: string; readonly hash: string }> {
  const folder = findModelFolder(named) ?? named;
  return { folder, hash: await hashModel(folder, signal) };
}

/** Opens the data and makes the tokenizer; nothing is trained yet. */
export async function openJourneyRun(engine: EngineInfo & { readonly key: Key }, options: RunOptions, context: Context): Promise<OpenRun> {
  const { command, folder, recipe, seed, data, model: given } = options;
  const { model: base, triples, registration } = recipe;
  const { signal } = context;
  const [model, autoencoder, stages] = split(engine.key, 3) as [Key, Key, Key];
  const singles = data === undefined ? phantomSplit(base.data).train : await asUsage(command, () => openDataset({ data }));
  const journeys = await asUsage(command, () =>
    data === undefined
      ? phantomJourneys({ seed: JOURNEY_SEEDS.train, count: triples.train, moved: triples.moved })
      : labelJourneys(singles),
  );
  const texts = recordsOf(singles).map(({ text }) => text);
  const notes: string[] = [...(singles.notes ?? []), ...journeys.notes];
  const note = (sentence: string): void => {
    notes.push(sentence);
    context.say(sentence);
  };
  const sittings = new Sittings({
    command,
    folder,
    recipe: base,
    context,
    note,
    onBegin: () => writeRunConfig(folder, { recipe: base, seed, data: { data: data ?? 'phantom' }, notes }, engine),
  });
  const known = new Map<boolean, Promise<JourneyPixels>>();
  const pixelsOf = async (registered: boolean): Promise<JourneyPixels> => {
    const pixels = await journeyPixels(journeys, base.size, registered ? registration : undefined, { signal });
    pixels.notes.forEach(note);
    return pixels;
  };
  return {
    sittings,
    notes,
    run: {
      folder,
      recipe,
      start:
        given === undefined
          ? { tokenizer: await asUsage(command, () => recipeTokenizer(base, data ?? 'phantom', [...texts, ...journeys.instructions])) }
          : await startOf(given, signal),
      keys: { model, autoencoder, stages },
      singles: { pixels: await pixelRows(singles, base.size, { signal }), texts },
      triples(registered) {
        const pixels = known.get(registered) ?? pixelsOf(registered);
        known.set(registered, pixels);
        return pixels;
      },
      impressions: recordsOf(journeys.laters).map(({ text }) => text),
      options: sittings.options,
      ended: sittings.ended,
    },
  };
}

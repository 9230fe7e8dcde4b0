/** A model that edits the phantom's images, trained once and kept, for notebooks that need one and are not about training. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openPhantom, phantomSplit, pixelRows } from '../../../datasets';
import { textsOf } from '../../../datasets/internal';
import { type Key, key, split } from '../../../engine';
import { loadModel, type Model } from '../../../pipelines';
import { trainBpe } from '../../../tokenizers';
import { JOURNEY_SEEDS, phantomJourneys } from '../data/phantom-journeys';
import { journeyPixels } from '../data/register-journeys';
import { TWO_STAGES, triplesModel } from './parts';
import type { JourneyRecipe } from './recipe';

export interface KeptJourneyOptions {
  /** Folders of runs, the best one first; a model that has to be trained is kept in the last, and goes on there where it was interrupted. */
  readonly folders: readonly [string, ...string[]];
  readonly recipe: JourneyRecipe;
  /** Default 1. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Called after each step: of which part, and of how many. */
  readonly onStep?: (part: string, step: number, steps: number, loss: number) => void;
}

/**
 * The model of the first folder that holds a finished run (`roentgen biomedjourney train`); where none does, one trained by the recipe.
 *
 * @returns the caller disposes it (`disposeModel`)
 * @throws Error where training was interrupted
 */
export async function keptJourney({ folders, recipe, seed = 1, signal, onStep }: KeptJourneyOptions): Promise<Model> {
  for (const folder of folders)
    for (const model of [join(folder, 'model'), join(folder, TWO_STAGES.name, 'model')])
      if (existsSync(join(model, 'model_index.json'))) return loadModel(model);
  const folder = folders.at(-1)!;
  const { model: base, triples, registration } = recipe;
  const { train } = phantomSplit(base.data);
  const journeys = phantomJourneys({ seed: JOURNEY_SEEDS.train, count: triples.train, moved: triples.moved });
  const texts = textsOf(train);
  const words = [...texts, ...journeys.instructions, ...textsOf(openPhantom({ style: 'impression', count: 1000 }))];
  const { vocabulary_size: vocabularySize, max_length: maxLength } = base.tokenizer;
  const [model, autoencoder, stages] = split(key(seed), 3) as [Key, Key, Key];
  return triplesModel(
    {
      folder,
      recipe,
      start: { tokenizer: trainBpe(words, { vocabularySize, maxLength }) },
      keys: { model, autoencoder, stages },
      singles: { pixels: await pixelRows(train, base.size, { signal }), texts },
      triples: (registered) => journeyPixels(journeys, base.size, registered ? registration : undefined, { signal }),
      impressions: textsOf(journeys.laters),
      options: (part) => ({
        ...(signal && { signal }),
        checkpoint: { folder: join(folder, part, 'checkpoints'), resume: 'always', keep: 1 },
        onStep: ({ step, steps, loss }) => onStep?.(part, step, steps, loss),
      }),
      ended: (part, { interrupted }) => {
        if (interrupted) throw new Error(`keptJourney: interrupted in ${part}; run the cell again to go on`);
      },
    },
    TWO_STAGES,
  );
}

/**
 * The curriculum of two stages. Stage 1 learns images with their texts, and sees zeros where the prior would be: the paper's dummy prior, which it does not
 * describe, as InstructPix2Pix's dropped image. Stage 2 learns triples.
 */

import { type Key, split } from '../../../engine';
import { type FitOptions, type FitResult, fitDiffusion } from '../../../experiments';
import type { Rows } from '../../../files';
import type { Model } from '../../../pipelines';
import type { CutTexts } from '../../../training';
import type { JourneyPixels } from '../data/register-journeys';
import { type JourneyRecipe, stageRecipe } from './recipe';
import { widenForEditing } from './widen';

export const STAGES = ['singles', 'triples'] as const;
export type Stage = (typeof STAGES)[number];

/** As for any training: its signal, checkpoint and what is called. */
export type StageOptions = Omit<FitOptions, 'key'> & { readonly onTexts?: (cut: CutTexts) => void };

/** What a stage learns. */
export interface StageData {
  /** Images of `recipe.model.size` squared, 0 to 1. */
  readonly pixels: Rows;
  /** One for each image. */
  readonly texts: readonly string[];
  /** The image that each came from; without them the model sees zeros there. */
  readonly originals?: Rows;
}

export interface FitJourneyOptions {
  readonly key: Key;
  readonly singles: Omit<StageData, 'originals'>;
  readonly triples: Pick<JourneyPixels, 'priors' | 'laters' | 'instructions'>;
  readonly stage: (stage: Stage) => StageOptions;
}

/**
 * Trains the model, whose autoencoder is trained, in one stage. The U-Net takes the prior's latents from then on: sample it with `editImage`.
 *
 * @param options.key   of the whole curriculum: each stage draws from a child of its own
 * @param options.steps in place of the recipe's
 * @throws as `fitDiffusion`
 */
export async function fitStage(
  model: Model,
  recipe: JourneyRecipe,
  stage: Stage,
  { pixels, texts, originals }: StageData,
  { key, steps = recipe[stage].steps, ...options }: StageOptions & { readonly key: Key; readonly steps?: number },
): Promise<FitResult> {
  widenForEditing(model);
  const own = (split(key, STAGES.length) as Key[])[STAGES.indexOf(stage)]!;
  return fitDiffusion(model, stageRecipe(recipe, steps), pixels, texts, { ...options, key: own, originals });
}

/**
 * Trains the model, whose autoencoder is trained, in two stages; a stage of 0 steps is left out.
 *
 * @returns how the stages went, until the one that was interrupted
 * @throws as `fitDiffusion`
 */
export async function fitJourney(
  model: Model,
  recipe: JourneyRecipe,
  { key, singles, triples, stage: optionsOf }: FitJourneyOptions,
): Promise<Partial<Record<Stage, FitResult>>> {
  const data: Record<Stage, StageData> = {
    singles,
    triples: { pixels: triples.laters, texts: triples.instructions, originals: triples.priors },
  };
  const results: Partial<Record<Stage, FitResult>> = {};
  for (const stage of STAGES) {
    if (recipe[stage].steps === 0) continue;
    const result = await fitStage(model, recipe, stage, data[stage], { ...optionsOf(stage), key });
    results[stage] = result;
    if (result.interrupted) break;
  }
  return results;
}

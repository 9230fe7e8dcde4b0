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

export interface FitJourneyOptions {
  readonly key: Key;
  /** Single images of `recipe.model.size` squared, 0 to 1, and their texts. */
  readonly singles: { readonly pixels: Rows; readonly texts: readonly string[] };
  readonly triples: Pick<JourneyPixels, 'priors' | 'laters' | 'instructions'>;
  /** Per stage, as for any training: its signal, checkpoint and what is called. */
  readonly stage: (stage: Stage) => Omit<FitOptions, 'key'> & { readonly onTexts?: (cut: CutTexts) => void };
}

/**
 * Trains the model, whose autoencoder is trained, in two stages; a stage of 0 steps is left out. The U-Net takes the prior's latents from then on: sample it with
 * `editImage`.
 *
 * @returns how the stages went, until the one that was interrupted
 * @throws as `fitDiffusion`
 */
export async function fitJourney(
  model: Model,
  recipe: JourneyRecipe,
  options: FitJourneyOptions,
): Promise<Partial<Record<Stage, FitResult>>> {
  widenForEditing(model);
  const keys = split(options.key, STAGES.length) as Key[];
  const { singles, triples } = options;
  const results: Partial<Record<Stage, FitResult>> = {};
  for (const [i, stage] of STAGES.entries()) {
    const { steps } = recipe[stage];
    if (steps === 0) continue;
    const [pixels, texts, originals] =
      stage === 'singles' ? [singles.pixels, singles.texts, undefined] : [triples.laters, triples.instructions, triples.priors];
    const result = await fitDiffusion(model, stageRecipe(recipe, steps), pixels, texts, {
      ...options.stage(stage),
      key: keys[i]!,
      originals,
    });
    results[stage] = result;
    if (result.interrupted) break;
  }
  return results;
}

/** What a training knows for the card of its model. */

import { basename, dirname, join } from 'node:path';
import type { Dataset } from '../datasets';
import type { ModelCard } from '../pipelines';
import { strategyOf } from '../training/internal';
import type { Recipe } from './recipe';

export interface TrainingFacts {
  /** What it was trained on. */
  readonly train: Dataset;
  readonly seed: number;
  /** The folder of the model that training started from; absent for random weights. */
  readonly base?: string | undefined;
  /** Steps of the diffusion model that were done. */
  readonly steps: number;
  /** What was measured, by name. */
  readonly measures: NonNullable<ModelCard['measures']>;
}

/** The card's parts: data, recipe and measures. Of a path only its end is named: the rest is someone's machine. */
export function trainingCard(recipe: Recipe, { train, seed, base, steps, measures }: TrainingFacts): ModelCard {
  const { optimisation, strategy } = recipe.diffusion;
  return {
    data: `${train.length} pictures with a text each: ${train.name}. ${train.credit}`,
    base: base === undefined ? undefined : join(basename(dirname(base)), basename(base)),
    recipe: {
      recipe: recipe.name,
      strategy: strategyOf(strategy).name,
      steps,
      'batch size': optimisation.batch_size * (optimisation.accumulation ?? 1),
      'learning rate': optimisation.learning_rate.peak,
      'picture size': recipe.size,
      seed,
    },
    measures,
  };
}

/** The name under which a training's own loss stands in the card. */
export const lossOnCard = 'training loss, mean of the last tenth of the steps';

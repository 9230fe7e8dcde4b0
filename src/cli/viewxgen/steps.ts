/** Options that change how long both parts train. */

import type { Command } from 'commander';
import type { ViewxgenRecipe } from '../../systems';
import { wholeNumber } from '../numbers';

export interface StepsFlags {
  autoencoderSteps?: number;
  steps?: number;
}

export const stepsOptions = (command: Command): Command =>
  command
    .option('--autoencoder-steps <n>', "steps of the autoencoder, in place of the recipe's", wholeNumber(1))
    .option('--steps <n>', "steps of the network, in place of the recipe's", wholeNumber(1));

/** The recipe with other steps, where they are given. */
export function withSteps(recipe: ViewxgenRecipe, { autoencoderSteps, steps }: StepsFlags): ViewxgenRecipe {
  const { autoencoder, optimisation } = recipe;
  return {
    ...recipe,
    ...(steps !== undefined && { optimisation: { ...optimisation, steps } }),
    ...(autoencoderSteps !== undefined && {
      autoencoder: { ...autoencoder, optimisation: { ...autoencoder.optimisation, steps: autoencoderSteps } },
    }),
  };
}

/** Options that change how long both stages train. */

import type { Command } from 'commander';
import type { SeiRecipe, SeiStage } from '../../systems';
import { wholeNumber } from '../numbers';

export interface StepsFlags {
  alignmentSteps?: number;
  writerSteps?: number;
}

export const stepsOptions = (command: Command): Command =>
  command
    .option('--alignment-steps <n>', "steps of stage 1, in place of the recipe's", wholeNumber(1))
    .option('--writer-steps <n>', "steps of stage 2, in place of the recipe's", wholeNumber(1));

/** The recipe with other steps, where they are given. */
export function withSteps(recipe: SeiRecipe, { alignmentSteps, writerSteps }: StepsFlags): SeiRecipe {
  const changed = <P extends SeiRecipe[SeiStage]>(part: P, steps: number | undefined): P =>
    steps === undefined ? part : { ...part, optimisation: { ...part.optimisation, steps } };
  return { ...recipe, alignment: changed(recipe.alignment, alignmentSteps), writer: changed(recipe.writer, writerSteps) };
}

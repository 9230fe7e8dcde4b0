/** What the evaluations of edits are told. */

import type { JourneyRecipe } from '../../systems';

export interface JourneyEvaluationOptions {
  readonly recipe: JourneyRecipe;
  /** Fixes the noise of every image. */
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** What is being done, and how much of it is. */
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

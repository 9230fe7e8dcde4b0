import type { Key } from '../../engine';
import type { Recipe } from '../../experiments';
import type { ViewStudyParts, ViewxgenRecipe } from '../../systems';

export interface ViewxgenEvaluationOptions {
  readonly recipe: ViewxgenRecipe;
  readonly data: ViewStudyParts;
  readonly key: Key;
  /** Networks are kept here: what was interrupted goes on. */
  readonly out: string;
  /** Of a latent diffusion model that is trained on the same studies and draws their first views; none where it is left out. */
  readonly diffusion?: Recipe;
  /** Of the bootstrap; default 500. */
  readonly draws?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

export const JOINT = 'one network for both';
export const TASK_ONLY = 'one network for each';
export const DIFFUSED = 'latent diffusion model';
export const RETRIEVED = 'nearest training study';
export const TRUE = 'the studies themselves';

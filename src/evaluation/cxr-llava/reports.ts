/** Reports that a model writes of images. */

import { foldIn, type Key } from '../../engine';
import {
  type AnswerSampling,
  type AskedModel,
  decodingOf,
  imageStates,
  type LlavaRecipe,
  type Radiographs,
  type ReportPrompt,
  reportPrompts,
  writeAnswers,
} from '../../systems';

export interface ReportsOptions {
  readonly recipe: Pick<LlavaRecipe, 'decoding'>;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** A report of each image, asked for by one prompt. @param what names it while it goes on */
export async function reportsOf(
  { recipe, key, signal, onProgress }: ReportsOptions,
  model: AskedModel,
  what: string,
  prompt: ReportPrompt,
  { records, pixels }: Radiographs,
  sampling: AnswerSampling = recipe.decoding,
): Promise<string[]> {
  const states = await imageStates(model, pixels, { ...(signal && { signal }) });
  return await writeAnswers(
    model,
    records.map((_, i) => ({ images: [i], question: reportPrompts[prompt] })),
    states,
    {
      maxTokens: recipe.decoding.max_tokens,
      ...decodingOf(sampling, foldIn(key, 7)),
      ...(signal && { signal }),
      onProgress: (done, total) => onProgress?.(what, done, total),
    },
  );
}

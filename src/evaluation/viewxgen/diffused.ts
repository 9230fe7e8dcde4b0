/** The paper's baseline that is a latent diffusion model: it draws a view from its name and the report, and can't be given other views. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TextEncoderConfig } from '../../encoders';
import { foldIn, randomInts } from '../../engine';
import { fitModel, type Recipe } from '../../experiments';
import { disposeModel, loadModel, type Model, saveModel, textToImage } from '../../pipelines';
import type { ChestView } from '../../systems';
import { hashOf } from '../hash-of';
import type { StudyReader } from '../networks/study-reader';
import { DIFFUSED, type ViewxgenEvaluationOptions } from './options';
import { type Drawn, type KofN, studiesOf, type Task } from './tasks';

const textOf = (view: ChestView, report: string): string => `${view.toLowerCase()}. ${report}`;

/** Tokens of a text beyond the report's: the view's. */
const ROOM = 4;

/** A recipe for texts of so many tokens: a text encoder that names no number of positions gets as many (`initModel`). */
function withLength(recipe: Recipe, max_length: number): Recipe {
  const { token_std, config } = recipe.text_encoder;
  const { max_position_embeddings: _, ...fitting } = config as TextEncoderConfig & { max_position_embeddings?: number };
  return {
    ...recipe,
    tokenizer: { ...recipe.tokenizer, max_length },
    text_encoder: { token_std, config: fitting as TextEncoderConfig },
  };
}

/** Images that are drawn at a time. */
const BATCH = 16;

/**
 * First views of all rows that give none besides the report.
 *
 * @throws Error where a training was interrupted
 */
export async function diffused(
  options: ViewxgenEvaluationOptions,
  given: Recipe,
  reader: StudyReader,
  rows: readonly KofN[],
): Promise<Task> {
  const { recipe, data, key, signal, onProgress } = options;
  const model = await diffusionModel(options, withLength(given, recipe.network.text_length + ROOM));
  const views: Drawn[] = [];
  try {
    for (const row of rows.filter(({ k }) => k === 1)) {
      const chosen = studiesOf(data.test.studies, row);
      const [seed] = randomInts(foldIn(key, 400 + row.n), 1, 0, 2 ** 31 - 1);
      const images = await textToImage(model, {
        ...given.sampling,
        prompts: chosen.map((i) => textOf(data.test.studies[i]!.images[0]!.view, data.test.studies[i]!.report)),
        seed: seed!,
        batchSize: BATCH,
        onLostTokens: () => undefined, // as many as the other networks lose, and the note says how long reports are
        ...(signal && { signal }),
        onStep: ({ step, total }) => onProgress?.(`views of ${DIFFUSED}, ${row.n} in a study`, step, total),
      });
      const area = recipe.size ** 2;
      const pixels = new Float32Array(images.length * area);
      for (const [i, image] of images.entries()) pixels.set(image.pixels, i * area);
      views.push({ row, studies: chosen, read: await reader.read(pixels) });
    }
    return { by: DIFFUSED, reports: [], views };
  } finally {
    disposeModel(model);
  }
}

/** The model, trained on all views of the training studies, or as it is kept; the caller disposes it. */
async function diffusionModel({ data, key, out, signal, onProgress }: ViewxgenEvaluationOptions, recipe: Recipe): Promise<Model> {
  const { studies, pixels } = data.train;
  const folder = join(out, 'networks', hashOf([recipe, key, studies, pixels.identity]).slice(0, 16));
  if (existsSync(join(folder, 'model_index.json'))) return loadModel(folder);
  const texts: string[] = new Array(pixels.length);
  for (const { report, images } of studies) for (const { view, row } of images) texts[row] = textOf(view, report);
  const { model } = await fitModel({
    recipe,
    pixels,
    texts,
    key,
    ...(signal && { signal }),
    onStep: (part, step, steps) => onProgress?.(`training of ${DIFFUSED}: ${part}`, step, steps),
  });
  try {
    await saveModel(model, folder);
    return model;
  } catch (error) {
    disposeModel(model);
    throw error;
  }
}

/** Images that models make of priors and texts, one after another as arrays. */

import {
  editImage,
  type GeneratedImage,
  type InputImage,
  imageToImage,
  type Model,
  type SamplingOptions,
  textToImage,
} from '../../pipelines';
import type { JourneyRecipe } from '../../systems';

export interface EditsOptions {
  readonly recipe: JourneyRecipe;
  readonly seed: number;
  /** In place of the recipe's. */
  readonly guidance?: { readonly text: number; readonly image: number };
  /** Where results may differ from their priors, one mask for each. */
  readonly masks?: readonly InputImage[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Of what image-to-image makes its results: enough noise to change a finding, too little to lose the chest. The paper has no such row. */
export const STRENGTH = 0.6;

function images(pixels: Float32Array, size: number): InputImage[] {
  const area = size * size;
  return Array.from({ length: pixels.length / area }, (_, i) => ({
    pixels: pixels.subarray(i * area, (i + 1) * area),
    width: size,
    height: size,
    channels: 1,
  }));
}

function joined(results: readonly GeneratedImage[]): Float32Array {
  const area = results[0]!.pixels.length;
  const out = new Float32Array(results.length * area);
  for (const [i, { pixels }] of results.entries()) out.set(pixels, i * area);
  return out;
}

function sampling({ recipe, seed, signal, onProgress }: EditsOptions, texts: readonly string[]): SamplingOptions {
  let done = 0;
  return {
    prompts: texts,
    steps: recipe.model.sampling.steps,
    batchSize: 16,
    seed,
    ...(signal && { signal }),
    onLostTokens: () => {}, // counted when the texts were made: `lostOf`
    onImages: (made) => {
      done += made.length;
      onProgress?.(done, texts.length);
    },
  };
}

/** Priors edited as texts say. */
export async function edited(model: Model, priors: Float32Array, texts: readonly string[], options: EditsOptions): Promise<Float32Array> {
  const { recipe, masks, guidance = recipe.guidance } = options;
  return joined(
    await editImage(model, {
      ...sampling(options, texts),
      images: images(priors, recipe.model.size),
      guidance: guidance.text,
      imageGuidance: guidance.image,
      ...(masks && { masks }),
    }),
  );
}

/** Images of texts alone, by a text-to-image model. */
export async function drawn(model: Model, texts: readonly string[], options: EditsOptions): Promise<Float32Array> {
  return joined(await textToImage(model, { ...sampling(options, texts), guidance: options.recipe.model.sampling.guidance }));
}

/** Priors with noise, and out of it what texts say, by a text-to-image model. */
export async function redrawn(model: Model, priors: Float32Array, texts: readonly string[], options: EditsOptions): Promise<Float32Array> {
  const { size, sampling: settings } = options.recipe.model;
  return joined(
    await imageToImage(model, {
      ...sampling(options, texts),
      images: images(priors, size),
      guidance: settings.guidance,
      strength: STRENGTH,
    }),
  );
}

/** How many of the texts are longer than the model reads. */
export const lostOf = (model: Model, texts: readonly string[]): number =>
  model.tokenizer!.encodeBatch(texts).lostTokens.filter((lost) => lost > 0).length;

/** A recipe's sizes, as a drawing of the whole model shows them. */

import type { PipelineShapes } from '../display';
import { textEncoderFacts } from '../encoders/internal';
import type { Model } from '../pipelines';
import { completeUNetConfig } from '../unet/internal';
import { completeVaeConfig, vaeFactor } from '../vae/internal';
import type { Recipe } from './recipe';

/**
 * What goes through a recipe's model, for `pipelineFigure`, before anything is trained.
 *
 * @param model the model that training starts from, where it is not the recipe's own with random weights
 */
export function pipelineShapes(recipe: Recipe, model?: Model): PipelineShapes {
  const unet = completeUNetConfig(model?.unet.config ?? recipe.unet);
  const vae = completeVaeConfig(model?.vae.config ?? recipe.vae.config);
  const { size, tokenizer, sampling } = recipe;
  const side = size / vaeFactor(vae);
  return {
    tokens: tokenizer.max_length,
    vocabulary: model?.tokenizer?.vocabularySize ?? tokenizer.vocabulary_size,
    contextWidth: textEncoderFacts(model?.textEncoder.config ?? recipe.text_encoder.config).width,
    latents: [side, side, unet.in_channels],
    steps: sampling.steps,
    image: [size, size, vae.out_channels],
  };
}

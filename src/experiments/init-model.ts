/** A model with random weights, as a recipe describes it. */

import { initTextEncoder, type TextEncoderConfig } from '../encoders';
import { textEncoderFacts, textEncoderShapes } from '../encoders/internal';
import { type Key, split } from '../engine';
import { disposeModel, type Model } from '../pipelines';
import { checkModel } from '../pipelines/internal';
import type { Tokenizer } from '../tokenizers';
import { initUNet, unetShapes } from '../unet';
import { initVae, vaeShapes } from '../vae/internal';
import { expectParametersFit } from './estimate-memory';
import type { Recipe } from './recipe';

/**
 * A model with random weights, of the recipe's shape; the caller disposes it (`disposeModel`).
 *
 * @throws RangeError where a config can't be worked with, its networks do not fit each other, or not into memory
 */
export function initModel(recipe: Recipe, tokenizer: Tokenizer, key: Key): Model {
  const [vaeKey, unetKey, textKey] = split(key, 3) as [Key, Key, Key];
  const text = fitConfig(recipe.text_encoder.config, tokenizer);
  expectParametersFit(`recipe ${recipe.name}`, unetShapes(recipe.unet), vaeShapes(recipe.vae.config), textEncoderShapes(text));
  const model: Model = {
    unet: { config: recipe.unet, params: initUNet(recipe.unet, unetKey) },
    vae: { config: { ...recipe.vae.config, scaling_factor: 1 }, params: initVae(recipe.vae.config, vaeKey) },
    textEncoder: { config: text, params: initTextEncoder(text, textKey, { tokenStd: recipe.text_encoder.token_std }) },
    tokenizer,
    schedulerConfig: recipe.scheduler,
  };
  try {
    checkModel(model, `recipe ${recipe.name}`);
  } catch (error) {
    disposeModel(model);
    throw error;
  }
  return model;
}

/** A text encoder's config for a tokenizer: its ids and, where positions are learnt, its length. */
function fitConfig(config: TextEncoderConfig, tokenizer: Tokenizer): TextEncoderConfig {
  const { padId, startId, endId, maxLength, vocabularySize } = tokenizer;
  const { kind, masks } = textEncoderFacts(config);
  const positions = kind === 'RoBERTa' || kind === 'XLM-RoBERTa' ? maxLength + padId + 1 : maxLength;
  return {
    ...(kind === 'T5' ? {} : { max_position_embeddings: positions }),
    ...config,
    vocab_size: vocabularySize,
    pad_token_id: padId,
    ...(startId === undefined ? {} : { bos_token_id: startId }),
    ...(endId === undefined ? {} : { eos_token_id: endId }),
    ...(masks ? { use_attention_mask: true } : {}),
  } as TextEncoderConfig;
}

/** Recipes of text encoders that are trained on texts alone, in the place that RadBERT has in the paper. Built-in ones are in `data/encoders`. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openPhantom } from '../datasets';
import { textsOf } from '../datasets/internal';
import type { BertConfig, BertParams } from '../encoders';
import { completeBertConfig, saveTextEncoder } from '../encoders/internal';
import { FileError, readObject } from '../files';
import { checkSettings, is, optional, type ShapeOf } from '../files/internal';
import type { Tokenizer } from '../tokenizers';
import { wordVocabulary } from '../tokenizers/internal';
import type { Optimisation, TrainResult } from '../training';
import { optimisationShape, type TrainMlmOptions, trainMlm } from '../training/internal';
import { tokenizerShape } from './recipe';

export interface EncoderRecipe {
  readonly name: string;
  readonly comment?: string;
  readonly tokenizer: { readonly vocabulary_size: number; readonly max_length: number };
  /** BERT's; sizes of vocabulary and window follow from the tokenizer. */
  readonly config: BertConfig;
  readonly optimisation: Optimisation;
  /** Texts of the phantom: long reports, and short prompts. */
  readonly texts: { readonly impressions: number; readonly prompts: number };
}

const ENCODER_RECIPE: ShapeOf<EncoderRecipe> = {
  name: is.text,
  comment: optional(is.text),
  tokenizer: tokenizerShape,
  config: is.object,
  optimisation: optimisationShape,
  texts: { impressions: is.whole(0, 10_000_000), prompts: is.whole(0, 10_000_000) },
};

const FOLDER = resolve(__dirname, '..', '..', 'data', 'encoders');

/** @throws FileError where there is no such recipe, or one of its keys or values can't be worked with */
export async function loadEncoderRecipe(nameOrFile: string): Promise<EncoderRecipe> {
  const builtIn = join(FOLDER, `${nameOrFile}.json`);
  const file = existsSync(builtIn) ? builtIn : nameOrFile;
  if (!existsSync(file)) throw new FileError(nameOrFile, `no encoder recipe "${nameOrFile}"; there is phantom-bert, or give a JSON file`);
  return await readObject<EncoderRecipe>(file, (recipe) => {
    checkSettings(file, recipe, ENCODER_RECIPE);
    completeBertConfig({ ...recipe.config, model_type: 'bert' });
  });
}

/** The recipe's texts, of other patients than those of any image that is trained or measured on. */
export function encoderTexts({ texts }: EncoderRecipe): string[] {
  const of = (style: 'impression' | 'prompt', count: number): string[] => {
    if (count === 0) return [];
    return textsOf(openPhantom({ style, count, seed: 3, views: ['PA', 'AP', 'LATERAL'] }));
  };
  return [...of('impression', texts.impressions), ...of('prompt', texts.prompts)];
}

/**
 * Trains the recipe's encoder by masked language modelling and, unless it was interrupted, writes its folder, which `loadTextEncoder` opens.
 *
 * @param folder where config, weights and tokenizer go
 */
export async function fitEncoder(
  recipe: EncoderRecipe,
  folder: string,
  options: Pick<TrainMlmOptions, 'key' | 'signal' | 'onTexts' | 'onStep' | 'checkpoints'>,
): Promise<TrainResult<BertParams> & { tokenizer: Tokenizer; config: BertConfig }> {
  const texts = encoderTexts(recipe);
  const { vocabulary_size: vocabularySize, max_length: maxLength } = recipe.tokenizer;
  const tokenizer = wordVocabulary(texts, { vocabularySize, maxLength });
  const config: BertConfig = {
    ...recipe.config,
    model_type: 'bert',
    vocab_size: tokenizer.vocabularySize,
    max_position_embeddings: maxLength,
    pad_token_id: tokenizer.padId,
  };
  const result = await trainMlm({ config, tokenizer, texts, optimisation: recipe.optimisation, ...options });
  if (!result.interrupted) {
    await saveTextEncoder(folder, { config, params: result.params });
    await tokenizer.save(folder);
  }
  return { ...result, tokenizer, config };
}

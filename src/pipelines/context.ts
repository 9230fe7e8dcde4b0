/** Prompts to the contexts that the U-Net attends to. */

import * as tf from '@tensorflow/tfjs-core';
import type { TextEncoder } from '../encoders';
import { encoderOn } from '../encoders/internal';
import { scope } from '../engine';
import type { Tokenizer } from '../tokenizers';
import type { TextContext } from './guidance';
import { expectWeights, type Model } from './model';
import { runTextEncoder, runTextStates } from './networks';

/** Of n texts; the caller disposes the tensors. */
export interface EncodedPrompts extends TextContext {
  /** Tokens of each text that did not fit the encoder's length and have no effect, [n]. */
  readonly lostTokens: readonly number[];
}

/** The model's tokenizer. @throws Error where it has none */
export function tokenizerOf(model: Model): Tokenizer {
  if (!model.tokenizer)
    throw new Error(`${model.folder ?? 'the model'} has no tokenizer, so texts can't be encoded; add a tokenizer folder`);
  return model.tokenizer;
}

/**
 * The model's text encoder with its tokenizer, as `loadTextEncoder` gives one: `encode(texts)`, `describe()`. Contexts are those before any
 * projection. Weights and compiled network are the model's: exchange a part of the model, and ask again; `dispose` frees nothing.
 *
 * @throws Error where the model has no tokenizer; RangeError where it does not fit the encoder
 */
export function textEncoderOf(model: Model): TextEncoder {
  expectWeights(model, 'textEncoderOf');
  return encoderOn(model.textEncoder, tokenizerOf(model), (ids, mask) => runTextStates(model, ids, mask), model.folder);
}

/**
 * Contexts of texts as the U-Net attends to them, in one batch; the empty text is the unconditional one.
 *
 * @throws Error where the model has no tokenizer
 */
export function encodePrompts(model: Model, texts: readonly string[]): EncodedPrompts {
  expectWeights(model, 'encodePrompts');
  const tokenizer = tokenizerOf(model);
  const { ids, mask, lostTokens } = tokenizer.encodeBatch(texts);
  const rows = (values: Int32Array): tf.Tensor2D => tf.tensor2d(values, [texts.length, tokenizer.maxLength], 'int32');
  const context = scope(() => runTextEncoder(model, rows(ids), rows(mask)));
  return { context, ...(model.unet.config.mask_padding && { mask: scope(() => tf.cast(rows(mask), 'float32')) }), lostTokens };
}

/** Says which texts were cut, once a call of a pipeline. By number: a text may be a report, which has no place in a log. */
export function warnLostTokens(where: string, lostTokens: readonly number[]): void {
  const cut = lostTokens.flatMap((lost, i) => (lost > 0 ? [`number ${i + 1} (${lost} tokens lost)`] : []));
  if (cut.length === 0) return;
  const some = cut.slice(0, 3).join(', ');
  const count = `${cut.length} of ${lostTokens.length}`;
  console.warn(`${where}: ${count} texts are longer than the encoder reads: ${some}${cut.length > 3 ? ', …' : ''}`);
}

/** Prompts to the contexts that the U-Net attends to. */

import * as tf from '@tensorflow/tfjs-core';
import type { Model } from './model';
import { runTextEncoder } from './networks';

export interface EncodedPrompts {
  /** [n, L, C]; the caller disposes it. */
  readonly context: tf.Tensor3D;
  /** Tokens of each text that did not fit the encoder's length and have no effect, [n]. */
  readonly lostTokens: readonly number[];
}

/**
 * Contexts of texts; the empty text is the unconditional one.
 *
 * @throws Error where the model has no tokenizer
 */
export function encodePrompts(model: Model, texts: readonly string[]): EncodedPrompts {
  const { tokenizer } = model;
  if (!tokenizer) throw new Error(`${model.folder ?? 'the model'} has no tokenizer, so texts can't be encoded; add a tokenizer folder`);
  const { ids, mask, truncated } = tokenizer.encodeBatch(texts);
  const [idTensor, maskTensor] = [ids, mask].map((rows) => tf.tensor2d(rows, [texts.length, tokenizer.maxLength], 'int32')) as [
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  try {
    return { context: runTextEncoder(model, idTensor, maskTensor), lostTokens: truncated };
  } finally {
    tf.dispose([idTensor, maskTensor]);
  }
}

/** Says which texts were cut, once a call of a pipeline. By number: a text may be a report, which has no place in a log. */
export function warnLostTokens(where: string, lostTokens: readonly number[]): void {
  const cut = lostTokens.flatMap((lost, i) => (lost > 0 ? [`number ${i + 1} (${lost} tokens lost)`] : []));
  if (cut.length === 0) return;
  const some = cut.slice(0, 3).join(', ');
  const count = `${cut.length} of ${lostTokens.length}`;
  console.warn(`${where}: ${count} texts are longer than the encoder reads: ${some}${cut.length > 3 ? ', …' : ''}`);
}

/** Contexts of a frozen text encoder, computed once for each distinct text and kept: the encoder then costs nothing in training. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type TextEncoderModel, type TextEncoderParams, textContext, textEncoderFacts } from '../encoders';
import { compileStep, flatten, interruptSignal } from '../engine';
import { readSafetensors, writeSafetensors } from '../files';
import type { Tokenizer } from '../tokenizers';
import { countCut } from './cut-texts';

/** Contexts of n texts, as the encoder gives them (before any projection). */
export interface ContextSet {
  /** Number of texts. */
  readonly length: number;
  /** [L, C] of one context. */
  readonly shape: readonly [number, number];
  /** Of each distinct text, row-major, [distinct, L, C]. */
  readonly contexts: Float32Array;
  /** The row of each text, [n]. */
  readonly rows: Int32Array;
  /** The row of the empty text, which stands in for dropped ones. */
  readonly empty: number;
  /** How many of the n texts are longer than L tokens. */
  readonly cut: number;
}

export interface ContextOptions {
  /** A folder in which contexts are kept from run to run, by a hash of encoder, tokenizer and texts; without it they are kept in memory alone. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of distinct texts. */
  readonly onProgress?: (done: number, total: number) => void;
}

const BATCH = 32;

/**
 * Encodes texts, as `encodePrompts` does for pictures: padding is masked where the encoder's config says `use_attention_mask`.
 *
 * @throws the signal's reason where it was raised; FileError where the folder cannot be written or what it holds is damaged
 */
export async function encodeContexts(
  { config, params }: TextEncoderModel,
  tokenizer: Tokenizer,
  texts: readonly string[],
  { folder, signal = interruptSignal(), onProgress }: ContextOptions = {},
): Promise<ContextSet> {
  const distinct = [...new Set(['', ...texts])];
  const index = new Map(distinct.map((text, row) => [text, row]));
  const rows = Int32Array.from(texts, (text) => index.get(text)!);
  const [L, C] = [tokenizer.maxLength, textEncoderFacts(config).width];
  const { ids, mask, truncated } = tokenizer.encodeBatch(distinct);
  const cut = countCut(Array.from(rows, (row) => truncated[row]!));
  const set = (contexts: Float32Array): ContextSet => ({ length: texts.length, shape: [L, C], contexts, rows, empty: 0, cut });

  const file = folder && join(folder, `contexts-${hashOf({ config, params }, ids, mask)}.safetensors`);
  if (file && existsSync(file)) {
    const { context } = await readSafetensors(file);
    if (context?.data instanceof Float32Array && context.data.length === distinct.length * L * C) return set(context.data);
  }

  const contexts = new Float32Array(distinct.length * L * C);
  const masked = config.use_attention_mask === true;
  const step = compileStep(params, (weights: TextEncoderParams, i: tf.Tensor2D, m: tf.Tensor2D) => ({
    out: { context: textContext(config, weights, i, masked ? m : undefined) },
  }));
  try {
    for (let start = 0; start < distinct.length; start += BATCH) {
      signal?.throwIfAborted();
      const count = Math.min(BATCH, distinct.length - start);
      const batch = (values: Int32Array): tf.Tensor2D => {
        const padded = new Int32Array(BATCH * L).fill(1); // one shape, one graph; the rows too many are not read
        padded.set(values.subarray(start * L, (start + count) * L));
        return tf.tensor2d(padded, [BATCH, L], 'int32');
      };
      const inputs = [batch(ids), batch(mask)] as const;
      const { context } = step.run(...inputs);
      contexts.set(context.dataSync().subarray(0, count * L * C), start * L * C);
      tf.dispose([...inputs, context]);
      onProgress?.(start + count, distinct.length);
      await new Promise((next) => setImmediate(next));
    }
  } finally {
    step.dispose();
  }
  if (file) await writeSafetensors(file, { context: { shape: [distinct.length, L, C], data: contexts } });
  return set(contexts);
}

/** Contexts of chosen texts, a dropped one being the empty text's; [B, L, C], the caller disposes it. */
export function gatherContexts(
  { contexts, rows, shape: [L, C], empty }: ContextSet,
  chosen: Int32Array,
  dropped: readonly boolean[],
): tf.Tensor3D {
  const values = new Float32Array(chosen.length * L * C);
  chosen.forEach((record, b) => {
    const row = dropped[b] ? empty : rows[record]!;
    values.set(contexts.subarray(row * L * C, (row + 1) * L * C), b * L * C);
  });
  return tf.tensor3d(values, [chosen.length, L, C]);
}

/** Of all that the contexts depend on; texts go in as their ids. */
function hashOf({ config, params }: TextEncoderModel, ids: Int32Array, mask: Int32Array): string {
  const hash = createHash('sha256').update(JSON.stringify(config));
  for (const [path, leaf] of Object.entries(flatten(params))) hash.update(path).update(leaf.dataSync() as Float32Array);
  return hash.update(ids).update(mask).digest('hex').slice(0, 32);
}

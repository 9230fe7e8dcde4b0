/** Contexts of a frozen text encoder, computed once for each distinct text and kept: the encoder then costs nothing in training. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { TextEncoder } from '../encoders';
import { encodeTokens, textEncoderFacts } from '../encoders/internal';
import { flatten, interruptSignal } from '../engine';
import { tellWait } from '../engine/internal';
import { readSafetensors, writeSafetensors } from '../files';
import { type Model, textEncoderOf } from '../pipelines';
import type { EncodedBatch } from '../tokenizers';
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
 * Encodes texts with the model's text encoder, as `encodePrompts` does for images but before any projection.
 *
 * @throws Error where the model has no tokenizer; the signal's reason where it was raised; FileError where the folder cannot be written or
 *               what it holds is damaged
 */
export async function encodeContexts(
  model: Model,
  texts: readonly string[],
  { folder, signal = interruptSignal(), onProgress }: ContextOptions = {},
): Promise<ContextSet> {
  const encoder = textEncoderOf(model);
  const distinct = [...new Set(['', ...texts])];
  const index = new Map(distinct.map((text, row) => [text, row]));
  const rows = Int32Array.from(texts, (text) => index.get(text)!);
  const [L, C] = [encoder.tokenizer.maxLength, textEncoderFacts(encoder.config).width];
  const tokens = encoder.tokenizer.encodeBatch(distinct);
  const cut = countCut(Array.from(rows, (row) => tokens.lostTokens[row]!));
  const set = (contexts: Float32Array): ContextSet => ({ length: texts.length, shape: [L, C], contexts, rows, empty: 0, cut });

  const file = folder && join(folder, `contexts-${hashOf(encoder, tokens)}.safetensors`);
  if (file && existsSync(file)) {
    const { context } = await readSafetensors(file);
    if (context?.data instanceof Float32Array && context.data.length === distinct.length * L * C) return set(context.data);
  }
  const progress = (done: number, total: number): void => {
    tellWait('encoding texts', done, total);
    onProgress?.(done, total);
  };
  const { context } = await encodeTokens(encoder, tokens, { batch: BATCH, signal, onProgress: progress });
  if (file) await writeSafetensors(file, { context: { shape: [distinct.length, L, C], data: context } });
  return set(context);
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
function hashOf({ config, params }: TextEncoder, { ids, mask }: EncodedBatch): string {
  const hash = createHash('sha256').update(JSON.stringify(config));
  for (const [path, leaf] of Object.entries(flatten(params))) hash.update(path).update(leaf.dataSync() as Float32Array);
  return hash.update(ids).update(mask).digest('hex').slice(0, 32);
}

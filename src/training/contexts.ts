/** Contexts of a frozen text encoder, computed once for each distinct text and kept: the encoder then costs nothing in training. */

import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import type { TextEncoder } from '../encoders';
import { encodeTokens, textEncoderFacts } from '../encoders/internal';
import { flatten, interruptSignal } from '../engine';
import { computedHow, tellWait } from '../engine/internal';
import { type Rows, rowsOf } from '../files';
import { keepRows } from '../files/internal';
import { type Model, textEncoderOf } from '../pipelines';
import type { EncodedBatch } from '../tokenizers';
import { countCut } from './cut-texts';
import type { BatchTexts } from './losses/diffusion-loss';

/** Contexts of n texts, as the encoder gives them (before any projection). */
export interface ContextSet {
  /** Number of texts. */
  readonly length: number;
  /** [L, C] of one context. */
  readonly shape: readonly [number, number];
  /** Of each distinct text, [L, C]. */
  readonly contexts: Rows;
  /** The row of each text, [n]. */
  readonly rows: Int32Array;
  /** The row of the empty text, which stands in for dropped ones. */
  readonly empty: number;
  /** Of each distinct text, 1 for tokens, 0 for padding, [L], where the U-Net masks padding. */
  readonly masks?: Int32Array;
  /** How many of the n texts are longer than L tokens. */
  readonly cut: number;
}

export interface ContextOptions {
  /**
   * A folder in which contexts are kept from run to run, by a hash of encoder, tokenizer and texts; they then take no memory. Without it they are kept in
   * memory alone.
   */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of distinct texts. */
  readonly onProgress?: (done: number, total: number) => void;
}

const BATCH = 32;

/** Part of what kept contexts follow from: changes when the way from tokens to contexts does. */
const VERSION = 1;

/**
 * Encodes texts with the model's text encoder, as `encodePrompts` does for images but before any projection.
 *
 * @throws Error where the model has no tokenizer; the signal's reason where it was raised; FileError where the folder cannot be written
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
  const total = distinct.length;
  const progress = (done: number): void => {
    tellWait('encoding texts', done, total);
    onProgress?.(done, total);
  };
  const make = async (from: number, to: number): Promise<Float32Array> => {
    const part = { ids: tokens.ids.subarray(from * L, to * L), mask: tokens.mask.subarray(from * L, to * L) };
    const { context } = await encodeTokens(encoder, part, { batch: BATCH, signal, onProgress: (done) => progress(from + done) });
    return context;
  };
  const kept =
    folder === undefined
      ? rowsOf(await make(0, total), L * C)
      : (
          await keepRows(
            folder,
            {
              source: { contexts: VERSION, encoder_and_texts: hashOf(encoder, tokens), computed: computedHow() },
              length: total,
              columns: { context: { shape: [L, C], dtype: 'F32' } },
              make: async (from, to) => ({ values: { context: await make(from, to) } }),
            },
            { signal },
          )
        ).columns.context;
  return {
    length: texts.length,
    shape: [L, C],
    contexts: kept,
    rows,
    empty: 0,
    cut,
    ...(model.unet.config.mask_padding && { masks: tokens.mask }),
  };
}

/** Contexts of chosen texts, a dropped one being the empty text's, [B, L, C], and their mask where there is one, [B, L]; the caller disposes them. */
export async function gatherContexts(
  { contexts, rows, shape: [L, C], empty, masks }: ContextSet,
  chosen: Int32Array,
  dropped: readonly boolean[],
): Promise<Pick<BatchTexts, 'context' | 'mask'>> {
  const taken = Int32Array.from(chosen, (record, b) => (dropped[b] ? empty : rows[record]!));
  const context = tf.tensor3d(await contexts.read(taken), [chosen.length, L, C]);
  if (!masks) return { context };
  const mask = new Int32Array(chosen.length * L);
  taken.forEach((row, b) => {
    mask.set(masks.subarray(row * L, (row + 1) * L), b * L);
  });
  return { context, mask: tf.tensor2d(mask, [chosen.length, L], 'int32') };
}

/** Of all that the contexts depend on; texts go in as their ids. */
function hashOf({ config, params }: TextEncoder, { ids, mask }: EncodedBatch): string {
  const hash = createHash('sha256').update(JSON.stringify(config));
  for (const [path, leaf] of Object.entries(flatten(params))) hash.update(path).update(leaf.dataSync() as Float32Array);
  return hash.update(ids).update(mask).digest('hex').slice(0, 32);
}

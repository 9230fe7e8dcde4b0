/** A text encoder with its tokenizer: texts to contexts, whatever its kind. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { compileStep, countParameters, dispose, interruptSignal, type Step } from '../engine';
import { checkContent } from '../files';
import { type LoadTokenizerOptions, loadTokenizer, type Tokenizer } from '../tokenizers';
import { loadTextEncoderModel } from './text-folder';
import {
  type TextEncoderFacts,
  type TextEncoderModel,
  type TextEncoderParams,
  type TextStates,
  textEncoderFacts,
  textStates,
} from './text-model';

/** Contexts of n texts; the caller disposes the tensors. */
export interface EncodedTexts {
  /** What a U-Net attends to, [n, L, C]; rows of padding too. */
  readonly context: tf.Tensor3D;
  /** 1 for the text with its special tokens, 0 for padding, [n, L]. */
  readonly mask: tf.Tensor2D;
  /** One vector a text, [n, C]: CLIP's state at the end of the text, of the others the mean of the tokens' states. */
  readonly pooled: tf.Tensor2D;
  /** Tokens of each text that did not fit the window, [n]. */
  readonly lostTokens: readonly number[];
}

export interface EncodeOptions {
  /** Texts that are computed at a time. Default 16. */
  readonly batchSize?: number;
  /** Ends the work after the present batch; by default an interrupt of the notebook's cell does. */
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What an encoder is, for people and tables. */
export interface TextEncoderDescription extends Pick<TextEncoderFacts, 'kind' | 'width' | 'vocabulary'> {
  /** Tokens of every encoded text, special ones and padding included. */
  readonly maxLength: number;
  /** Number of weights. */
  readonly parameters: number;
}

/** Holds weights and, once used, a compiled network: `dispose` frees both. */
export interface TextEncoder extends TextEncoderModel {
  readonly tokenizer: Tokenizer;
  /** Where it was loaded from. */
  readonly folder?: string;
  /** Tensors of the file that belong to other parts, such as heads. */
  readonly ignored: readonly string[];
  describe(): TextEncoderDescription;
  /**
   * Contexts of texts; the empty text is the unconditional one. Same texts, same contexts, whatever else is in the call.
   *
   * @throws RangeError where there is no text; the signal's reason where it was raised
   */
  encode(texts: readonly string[], options?: EncodeOptions): Promise<EncodedTexts>;
  dispose(): void;
}

/** Where an encoder's parts came from. */
export interface TextEncoderOrigin {
  readonly folder?: string;
  readonly ignored?: readonly string[];
  /** Whether padding is masked; by default as the kind is used alone (`TextEncoderFacts.masks`). */
  readonly masks?: boolean;
}

/**
 * An encoder from its parts.
 *
 * @param model config and weights, which are the encoder's from now on
 * @throws RangeError where the tokenizer has ids or lengths that the encoder does not take
 */
export function createTextEncoder(
  model: TextEncoderModel,
  tokenizer: Tokenizer,
  { folder, ignored = [], masks }: TextEncoderOrigin = {},
): TextEncoder {
  const { config, params } = model;
  const facts = textEncoderFacts(config);
  expectFits(folder ?? 'the text encoder', facts, tokenizer);
  let step: Step<TextEncoderParams, [tf.Tensor2D, tf.Tensor2D], TextStates> | undefined;
  const run = (ids: tf.Tensor2D, mask: tf.Tensor2D): TextStates => {
    step ??= compileStep(params, (weights: TextEncoderParams, i: tf.Tensor2D, m: tf.Tensor2D) => ({
      out: textStates(config, weights, i, m, masks),
    }));
    return step.run(ids, mask);
  };
  return {
    config,
    params,
    tokenizer,
    folder,
    ignored,
    describe: () => ({
      kind: facts.kind,
      width: facts.width,
      maxLength: tokenizer.maxLength,
      parameters: countParameters(params),
      vocabulary: facts.vocabulary,
    }),
    encode: (texts, options) => encodeTexts(tokenizer, facts.width, run, texts, options),
    dispose() {
      step?.dispose();
      step = undefined;
      dispose(params);
    },
  };
}

/** @throws RangeError naming both sizes where ids or lengths do not fit */
export function expectFits(where: string, { vocabulary, window }: TextEncoderFacts, tokenizer: Tokenizer): void {
  if (tokenizer.vocabularySize > vocabulary)
    throw new RangeError(`${where}: the tokenizer has ${tokenizer.vocabularySize} ids, but the text encoder only ${vocabulary}`);
  if (window !== undefined && tokenizer.maxLength > window)
    throw new RangeError(
      `${where}: the tokenizer makes ${tokenizer.maxLength} ids a text, but the text encoder has ${window} positions; load it with a maxLength up to ${window}`,
    );
}

async function encodeTexts(
  tokenizer: Tokenizer,
  width: number,
  run: (ids: tf.Tensor2D, mask: tf.Tensor2D) => TextStates,
  texts: readonly string[],
  { batchSize = 16, signal = interruptSignal(), onProgress }: EncodeOptions = {},
): Promise<EncodedTexts> {
  const n = texts.length;
  if (n === 0) throw new RangeError('encode: texts: expected at least one; the empty text is the unconditional one');
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`encode: batchSize: expected a whole number from 1, got ${batchSize}`);
  const L = tokenizer.maxLength;
  const B = Math.min(batchSize, n);
  const { ids, mask, truncated } = tokenizer.encodeBatch(texts);
  const context = new Float32Array(n * L * width);
  const pooled = new Float32Array(n * width);
  for (let start = 0; start < n; start += B) {
    signal?.throwIfAborted();
    const count = Math.min(B, n - start);
    const rows = (values: Int32Array): Int32Array => {
      const padded = new Int32Array(B * L).fill(1); // one shape, one graph; the rows too many are not read
      padded.set(values.subarray(start * L, (start + count) * L));
      return padded;
    };
    const inputs = [tf.tensor2d(rows(ids), [B, L], 'int32'), tf.tensor2d(rows(mask), [B, L], 'int32')] as const;
    const out = run(...inputs);
    context.set(out.context.dataSync().subarray(0, count * L * width), start * L * width);
    pooled.set(out.pooled.dataSync().subarray(0, count * width), start * width);
    tf.dispose([...inputs, out.context, out.pooled]);
    onProgress?.(start + count, n);
    await new Promise((next) => setImmediate(next)); // lets interrupts and displays through
  }
  return {
    context: tf.tensor3d(context, [n, L, width]),
    mask: tf.tensor2d(mask, [n, L], 'int32'),
    pooled: tf.tensor2d(pooled, [n, width]),
    lostTokens: truncated,
  };
}

export interface LoadTextEncoderOptions extends Pick<LoadTokenizerOptions, 'maxLength'> {
  /** The tokenizer's folder; by default the encoder's own, or `tokenizer` beside it, as in Stable Diffusion's layout. */
  readonly tokenizer?: string;
}

const TOKENIZER_FILES = ['tokenizer.json', 'vocab.json', 'vocab.txt', 'spiece.model', 'sentencepiece.bpe.model', 'tokenizer.model'];

/**
 * Loads a text encoder with its tokenizer from a folder as its hub has it, or from a whole Stable Diffusion folder. Texts are as long as the
 * encoder reads, unless `maxLength` asks for less.
 *
 * @throws FileError where files are missing, damaged, of another kind of model, or do not fit each other; RangeError where `maxLength` can't be had
 * @example const encoder = await loadTextEncoder('models/minilm', { maxLength: 64 });
 */
export async function loadTextEncoder(folder: string, { maxLength, tokenizer }: LoadTextEncoderOptions = {}): Promise<TextEncoder> {
  const whole = existsSync(join(folder, 'model_index.json'));
  const own = whole ? join(folder, 'text_encoder') : folder;
  const beside = resolve(own, '..', 'tokenizer');
  const hasTokenizer = TOKENIZER_FILES.some((name) => existsSync(join(own, name)));
  const model = await loadTextEncoderModel(own);
  try {
    const { window } = textEncoderFacts(model.config);
    const positions = window ?? ('n_positions' in model.config ? model.config.n_positions : undefined) ?? 512;
    const words = await loadTokenizer(tokenizer ?? (!hasTokenizer && existsSync(beside) ? beside : own), {
      maxLength,
      window: Math.min(positions, model.contextLength ?? positions),
    });
    const make = (): TextEncoder =>
      createTextEncoder(model, words, {
        folder,
        ignored: model.ignored,
        masks: whole ? model.config.use_attention_mask === true : undefined, // as its pictures are made
      });
    return maxLength === undefined ? checkContent(folder, make) : make();
  } catch (error) {
    dispose(model.params);
    throw error;
  }
}

/** A text encoder with its tokenizer: texts to contexts, whatever its kind. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, countParameters, dispose, interruptSignal } from '../engine';
import { expectNotDisposed, overRows, type RowOptions } from '../engine/internal';
import { checkContent } from '../files';
import { expectFolderOf } from '../files/internal';
import { type EncodedBatch, type LoadTokenizerOptions, loadTokenizer, type Tokenizer } from '../tokenizers';
import type { TextEncoderFacts, TextStates } from './family';
import { loadTextEncoderModel } from './text-folder';
import { type TextEncoderModel, type TextEncoderParams, textEncoderFacts, textStates } from './text-model';

/** Contexts of n texts; the caller disposes the tensors. */
export interface EncodedTexts {
  /** What a U-Net attends to, [n, L, C]; rows of padding too. */
  readonly context: tf.Tensor3D;
  /** 1 for the text with its special tokens, 0 for padding, [n, L]. */
  readonly mask: tf.Tensor2D;
  /** One vector per text, [n, C]: CLIP's state at the end of the text, of the others the mean of the tokens' states. */
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
  /** The compiled network on one batch, int32 [B, L] each; `encode` is what most callers want. The caller disposes the result. */
  readonly run: (ids: tf.Tensor2D, mask: tf.Tensor2D) => TextStates;
  describe(): TextEncoderDescription;
  /**
   * Contexts of texts; the empty text is the unconditional one. Same texts, same contexts, whatever else is in the call.
   *
   * @throws RangeError where there is no text; TypeError where the encoder was disposed; the signal's reason where it was raised
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
  const network = compileNetwork((params: TextEncoderParams, ids: tf.Tensor2D, mask: tf.Tensor2D) =>
    textStates(model.config, params, ids, mask, masks),
  );
  const run: TextEncoder['run'] = (ids, mask) => network(model.params, ids, mask);
  return {
    ...encoderOn(model, tokenizer, run, folder),
    ignored,
    dispose() {
      network.dispose();
      dispose(model.params);
    },
  };
}

/**
 * An encoder on a network and weights that belong to somebody else, such as a whole model: its `dispose` frees nothing.
 *
 * @throws RangeError where the tokenizer has ids or lengths that the encoder does not take
 */
export function encoderOn(model: TextEncoderModel, tokenizer: Tokenizer, run: TextEncoder['run'], folder?: string): TextEncoder {
  const facts = textEncoderFacts(model.config);
  expectFits(folder ?? 'the text encoder', facts, tokenizer);
  const encoder: TextEncoder = {
    ...model,
    tokenizer,
    folder,
    ignored: [],
    run,
    describe: () => ({
      kind: facts.kind,
      width: facts.width,
      maxLength: tokenizer.maxLength,
      parameters: countParameters(model.params),
      vocabulary: facts.vocabulary,
    }),
    encode: (texts, options) => encodeTexts(encoder, texts, options),
    dispose() {},
  };
  return encoder;
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

/**
 * Contexts, [n, L, C], and vectors, [n, C], of texts that are tokens already, row after row. The last batch is padded to the others' size.
 *
 * @throws the signal's reason where it was raised
 */
export async function encodeTokens(
  { config, tokenizer, run }: Pick<TextEncoder, 'config' | 'tokenizer' | 'run'>,
  { ids, mask }: Pick<EncodedBatch, 'ids' | 'mask'>,
  options: RowOptions,
): Promise<Record<'context' | 'pooled', Float32Array>> {
  const [L, { width }] = [tokenizer.maxLength, textEncoderFacts(config)];
  const columns = [ids, mask].map((values) => ({ values, shape: [L], padding: 1 }));
  const network = (...inputs: tf.Tensor[]): TextStates => run(...(inputs as [tf.Tensor2D, tf.Tensor2D]));
  return await overRows(network, columns, { context: L * width, pooled: width }, options);
}

async function encodeTexts(
  encoder: TextEncoder,
  texts: readonly string[],
  { batchSize = 16, signal = interruptSignal(), onProgress }: EncodeOptions = {},
): Promise<EncodedTexts> {
  expectNotDisposed('encode', 'text encoder', encoder.params);
  const n = texts.length;
  if (n === 0) throw new RangeError('encode: texts: expected at least one; the empty text is the unconditional one');
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`encode: batchSize: expected a whole number from 1, got ${batchSize}`);
  const tokens = encoder.tokenizer.encodeBatch(texts);
  const { context, pooled } = await encodeTokens(encoder, tokens, { batch: Math.min(batchSize, n), signal, onProgress });
  const [L, width] = [encoder.tokenizer.maxLength, pooled.length / n];
  return {
    context: tf.tensor3d(context, [n, L, width]),
    mask: tf.tensor2d(tokens.mask, [n, L], 'int32'),
    pooled: tf.tensor2d(pooled, [n, width]),
    lostTokens: tokens.lostTokens,
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
 * @throws FileError where the folder is not there, saying what brings it where that is known; where files are missing, damaged, of another kind of model, or do not fit each other; RangeError where `maxLength` can't be had
 * @example const encoder = await loadTextEncoder('models/minilm', { maxLength: 64 });
 */
export async function loadTextEncoder(folder: string, { maxLength, tokenizer }: LoadTextEncoderOptions = {}): Promise<TextEncoder> {
  expectFolderOf('a text encoder', folder, ['config.json', 'open_clip_config.json', 'model_index.json']);
  const inModelFolder = existsSync(join(folder, 'model_index.json'));
  const encoderFolder = inModelFolder ? join(folder, 'text_encoder') : folder;
  const beside = resolve(encoderFolder, '..', 'tokenizer');
  const hasTokenizer = TOKENIZER_FILES.some((name) => existsSync(join(encoderFolder, name)));
  const model = await loadTextEncoderModel(encoderFolder);
  try {
    const { window } = textEncoderFacts(model.config);
    const positions = window ?? ('n_positions' in model.config ? model.config.n_positions : undefined) ?? 512;
    const loadedTokenizer = await loadTokenizer(tokenizer ?? (!hasTokenizer && existsSync(beside) ? beside : encoderFolder), {
      maxLength,
      window: Math.min(positions, model.contextLength ?? positions),
    });
    const make = (): TextEncoder =>
      createTextEncoder(model, loadedTokenizer, {
        folder,
        ignored: model.ignored,
        masks: inModelFolder ? model.config.use_attention_mask === true : undefined, // as its pictures are made
      });
    return maxLength === undefined ? checkContent(folder, make) : make();
  } catch (error) {
    dispose(model.params);
    throw error;
  }
}

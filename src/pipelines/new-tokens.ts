/**
 * New words of a model: tokens of its tokenizer with rows of their own in the text encoder's table. Textual inversion (Gal et al. 2022,
 * arXiv:2208.01618) trains such rows; diffusers keeps them as `learned_embeds.safetensors`.
 */

import { basename, extname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, scope, type Tree } from '../engine';
import { merge } from '../engine/internal';
import { FileError, readSafetensors, writeSafetensors } from '../files';
import { expectWeights, type Model } from './model';

const TABLE = /(^|\.)(token_embedding|word_embeddings|shared)\.weight$/;

/** Path of the table of a text encoder's token embeddings, [V, C]. */
export function tokenTablePath(params: Tree): string {
  const path = Object.keys(flatten(params)).find((name) => TABLE.test(name));
  if (path === undefined) throw new RangeError('the text encoder has no table of token embeddings');
  return path;
}

/** The tokens that stand for a word of n vectors, as diffusers names them: `<cxr>`, `<cxr>_1`, `<cxr>_2` … */
export function vectorTokens(word: string, vectors: number): string[] {
  return Array.from({ length: vectors }, (_, i) => (i === 0 ? word : `${word}_${i}`));
}

/**
 * Gives the model new tokens. Rows that were there stay as they are, bit for bit; tokens that are known already keep theirs.
 *
 * @param initialiser text whose tokens' embeddings the new ones begin as: token i as its token i, over and over
 * @throws RangeError where the initialiser has no token; TypeError where the model has no tokenizer
 */
export function addTokens(model: Model, words: readonly string[], initialiser: string): void {
  const { tokenizer, textEncoder } = model;
  if (!tokenizer) throw new TypeError('addTokens: the model has no tokenizer');
  const special = new Set([tokenizer.startId, tokenizer.endId, tokenizer.padId]);
  const sources = tokenizer.ids(initialiser).filter((id) => !special.has(id));
  if (sources.length === 0) throw new RangeError(`addTokens: initialiser: expected a word, got ${JSON.stringify(initialiser)}`);
  const extended = tokenizer.withTokens(words);
  const path = tokenTablePath(textEncoder.params);
  const old = flatten(textEncoder.params)[path] as tf.Tensor2D;
  // A table may have more rows than the tokenizer has ids: those are taken first, and begin as the initialiser too.
  const fresh = extended.vocabularySize - tokenizer.vocabularySize;
  const table = scope(() => {
    const begin = tf.gather(
      old,
      Array.from({ length: fresh }, (_, i) => sources[i % sources.length]!),
    );
    const used = tf.slice2d(old, [0, 0], [Math.min(old.shape[0], tokenizer.vocabularySize), old.shape[1]]);
    const spare = Math.max(0, old.shape[0] - extended.vocabularySize);
    const unusedRows = tf.slice2d(old, [old.shape[0] - spare, 0], [spare, old.shape[1]]);
    return tf.concat2d([used, ...(fresh > 0 ? [begin as tf.Tensor2D] : []), ...(spare > 0 ? [unusedRows] : [])], 0);
  });
  replaceTable(model, path, table);
  model.tokenizer = extended;
}

function replaceTable(model: Model, path: string, table: tf.Tensor2D): void {
  const { textEncoder } = model;
  const old = flatten(textEncoder.params)[path]!;
  const params = merge<typeof textEncoder.params>(textEncoder.params, { [path]: table } as Tree);
  model.textEncoder = { ...textEncoder, config: { ...textEncoder.config, vocab_size: table.shape[0] }, params };
  dispose(old);
}

/** The ids of a word's tokens. @throws RangeError where the model does not know it */
export function idsOfWord(model: Model, word: string, vectors: number): number[] {
  return vectorTokens(word, vectors).map((token) => {
    const id = model.tokenizer?.idOf(token);
    if (id === undefined) throw new RangeError(`the model's tokenizer has no token ${token}`);
    return id;
  });
}

/**
 * Writes a word's vectors as diffusers' `load_textual_inversion` reads them: one tensor [n, C] under the word.
 *
 * @throws FileError where it cannot be written; RangeError where the model does not know the word
 */
export async function saveLearnedEmbeds(model: Model, word: string, vectors: number, file: string): Promise<void> {
  const table = flatten(model.textEncoder.params)[tokenTablePath(model.textEncoder.params)] as tf.Tensor2D;
  const rows = scope(() => tf.gather(table, idsOfWord(model, word, vectors)));
  try {
    await writeSafetensors(file, { [word]: { shape: rows.shape, data: (await rows.data()) as Float32Array } }, { format: 'pt' });
  } finally {
    rows.dispose();
  }
}

export interface LearnedEmbedsOptions {
  /** The word that stands for the vectors in a prompt; by default the file's own, or where it names none, the file's name without its ending. */
  readonly word?: string | undefined;
}

/** Names that programs give every file's tensor, AUTOMATIC1111's and textual inversion's first: they name no word. */
const NO_WORD = /^(emb_params|string_to_param\.\*|\*|clip_l|clip_g)$/;

/**
 * Adds the words of such a file to a model. AUTOMATIC1111's files (`emb_params`) are read too, and of Stable Diffusion XL's the part `clip_l`, where it is as
 * wide as the text encoder.
 *
 * @returns the words with the tokens that stand for each in a prompt
 * @throws FileError where a tensor is not as wide as the text encoder, or the model knows a word already
 */
export async function loadLearnedEmbeds(
  model: Model,
  file: string,
  { word: newWord }: LearnedEmbedsOptions = {},
): Promise<Readonly<Record<string, string>>> {
  expectWeights(model, 'loadLearnedEmbeds');
  const path = tokenTablePath(model.textEncoder.params);
  const tensors = Object.entries(await readSafetensors(file)).filter(([name]) => name !== 'clip_g');
  if (tensors.length === 0) throw new FileError(file, 'holds no embeddings for a text encoder of this kind');
  if (newWord !== undefined && tensors.length > 1)
    throw new FileError(
      file,
      `holds ${tensors.length} words, ${tensors.map(([name]) => name).join(', ')}; a word can be given to a file of one`,
    );
  const added: Record<string, string> = {};
  for (const [name, { shape, data }] of tensors) {
    const word = newWord ?? (NO_WORD.test(name) ? basename(file, extname(file)) : name);
    const table = flatten(model.textEncoder.params)[path] as tf.Tensor2D;
    const [width, vectors] = [shape.at(-1)!, shape.length === 1 ? 1 : shape[0]!];
    if (shape.length > 2 || width !== table.shape[1])
      throw new FileError(
        file,
        `${name}: expected [n, ${table.shape[1]}], the text encoder's width, got [${shape.join(', ')}]; it was made for another text encoder`,
      );
    const tokens = vectorTokens(word, vectors);
    const existing = tokens.filter((token) => model.tokenizer?.idOf(token) !== undefined);
    if (existing.length > 0)
      throw new FileError(
        file,
        `the model knows the token ${existing[0]} already; give the embedding another word (word, or FILE:word on the command line)`,
      );
    addTokens(model, tokens, 'a');
    const ids = idsOfWord(model, word, vectors);
    const next = scope(() => {
      const values = (flatten(model.textEncoder.params)[path] as tf.Tensor2D).dataSync().slice() as Float32Array;
      ids.forEach((id, i) => {
        values.set((data as Float32Array).subarray(i * width, (i + 1) * width), id * width);
      });
      return tf.tensor2d(values, [values.length / width, width]);
    });
    replaceTable(model, path, next);
    added[word] = tokens.join(' ');
  }
  return added;
}

/** Tokenizers from the folders that Hugging Face models come in. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkContent, FileError, readText } from '../files';
import { describeSystemError, parseObject } from '../files/internal';
import { createTokenizer, type TokenizerSettings } from './create';
import {
  bertDefinition,
  bertSpecialTokens,
  clipDefinition,
  endOfText,
  robertaDefinition,
  robertaSpecialTokens,
  startOfText,
  type TokenizerJson,
} from './definition';
import type { Tokenizer } from './tokenizer';

export interface LoadTokenizerOptions {
  /** Length of every encoded text; by default the folder's `model_max_length`, 77 for CLIP and 512 for BERT where it gives none. */
  maxLength?: number;
  /** Most tokens that the encoder behind it reads: the default length is no greater, and it where the folder gives none. */
  window?: number;
}

/** What transformers calls "no limit" is 10^30. */
const noLimit = 1e6;

const roles = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;

/** Where a tokenizer's files are: a folder, or texts that stand elsewhere. */
interface Source {
  /** Names it in errors. */
  readonly where: string;
  readonly names: readonly string[];
  /** Names a file of it in errors. */
  readonly path: (name: string) => string;
  readonly text: (name: string) => Promise<string> | string;
}

/**
 * Loads a tokenizer: `tokenizer.json`, or CLIP's or RoBERTa's `vocab.json` and `merges.txt`, or BERT's `vocab.txt`.
 *
 * @throws FileError where none of them is there, or one is damaged or gives no maximal length; RangeError where `maxLength` can't be had
 */
export async function loadTokenizer(folder: string, options: LoadTokenizerOptions = {}): Promise<Tokenizer> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new FileError(folder, `cannot be read: ${describeSystemError(error)}`, error);
  }
  const path = (name: string): string => join(folder, name);
  return await readTokenizer({ where: folder, names, path, text: (name) => readText(path(name)) }, options);
}

/**
 * A tokenizer from the texts of its files (`Tokenizer.files`).
 *
 * @param where  names what holds them in errors
 * @param texts  by the files' names
 * @throws as `loadTokenizer`
 */
export async function tokenizerFromTexts(
  where: string,
  texts: Readonly<Record<string, string>>,
  options: LoadTokenizerOptions = {},
): Promise<Tokenizer> {
  return await readTokenizer({ where, names: Object.keys(texts), path: () => where, text: (name) => texts[name]! }, options);
}

async function readTokenizer(source: Source, options: LoadTokenizerOptions): Promise<Tokenizer> {
  const { where } = source;
  const optional = async (name: string): Promise<Record<string, unknown>> => (source.names.includes(name) ? objectOf(source, name) : {});
  const config = await optional('tokenizer_config.json');
  const map = await optional('special_tokens_map.json');
  const named: Record<string, string> = {};
  for (const role of roles) {
    const value = config[role] ?? map[role];
    const content = typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value;
    if (typeof content === 'string') named[role] = content;
  }
  const definition = await readDefinition(source, config);
  const make = (): Tokenizer => createTokenizer(where, definition, settingsOf(where, definition, config, named, options));
  return options.maxLength === undefined ? checkContent(where, make) : make(); // a length that was asked for is not the files' fault
}

/** A JSON object of a source. */
async function objectOf<T extends object = Record<string, unknown>>({ path, text }: Source, name: string): Promise<T> {
  return parseObject<T>(path(name), await text(name));
}

async function readDefinition(source: Source, config: Record<string, unknown>): Promise<TokenizerJson> {
  const { where, names, path, text } = source;
  if (names.includes('tokenizer.json')) {
    const json = await objectOf<TokenizerJson>(source, 'tokenizer.json');
    checkDefinition(path('tokenizer.json'), json);
    return json;
  }
  if (names.includes('vocab.json') && names.includes('merges.txt')) {
    const vocab = await objectOf<Record<string, number>>(source, 'vocab.json');
    if (!Object.values(vocab).every(isId)) throw new FileError(path('vocab.json'), 'has ids that are not integers from 0');
    const has = (token: string): boolean => Object.hasOwn(vocab, token);
    const merges = async (): Promise<string[]> => readMerges(path('merges.txt'), await text('merges.txt'), vocab);
    if ([startOfText, endOfText].every(has)) return clipDefinition(vocab, await merges());
    const lacking = robertaSpecialTokens.slice(0, 4).filter((token) => !has(token));
    if (lacking.length === 4)
      throw new FileError(path('vocab.json'), `has no ${startOfText} (CLIP) and no <s> (RoBERTa); expected the vocabulary of one of them`);
    if (lacking.length > 0) throw new FileError(path('vocab.json'), `has no ${lacking.join(', ')}; expected RoBERTa's vocabulary`);
    return robertaDefinition(vocab, await merges(), config.add_prefix_space === true);
  }
  if (names.includes('vocab.txt')) {
    const lines = (await text('vocab.txt')).split(/\r?\n/);
    while (lines.at(-1) === '') lines.pop();
    const vocab = Object.fromEntries(lines.map((token, id) => [token, id]));
    for (const token of bertSpecialTokens.slice(0, 4))
      if (!Object.hasOwn(vocab, token)) throw new FileError(path('vocab.txt'), `has no ${token}; expected BERT's vocabulary`);
    return bertDefinition(vocab, config.do_lower_case !== false);
  }
  const pieces = names.find((name) => /^(spiece|sentencepiece\.bpe|tokenizer)\.model$/.test(name));
  if (pieces)
    throw new FileError(
      path(pieces),
      'is a SentencePiece model, which is not read. Get tokenizer.json from the hub, or make it with Python: ' +
        `python -c "from transformers import AutoTokenizer as T; T.from_pretrained('${where}').save_pretrained('${where}')" ` +
        '(needs the packages transformers, sentencepiece and protobuf)',
    );
  throw new FileError(
    where,
    'is not a tokenizer: expected tokenizer.json, or vocab.json with merges.txt (CLIP, RoBERTa), or vocab.txt (BERT)',
  );
}

const isId = (id: unknown): boolean => Number.isInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 31;

/** The parts of a `tokenizer.json` that are looked at here; the package that runs it looks at the rest. */
function checkDefinition(path: string, { model, added_tokens: added }: Partial<TokenizerJson>): void {
  const vocab = model?.vocab;
  if (typeof vocab !== 'object' || vocab === null) throw new FileError(path, 'has no model with a vocabulary');
  const isPiece = (piece: unknown): boolean => Array.isArray(piece) && typeof piece[0] === 'string' && typeof piece[1] === 'number';
  if (!(Array.isArray(vocab) ? vocab.every(isPiece) : Object.values(vocab).every(isId)))
    throw new FileError(path, 'its vocabulary has entries that are neither a token with its id nor a piece with its score');
  if (!(added ?? []).every?.((token) => typeof token?.content === 'string' && isId(token.id)))
    throw new FileError(path, 'its added_tokens are not a list of tokens, each with content and id');
}

function readMerges(path: string, text: string, vocab: Record<string, number>): string[] {
  const lines = text.split(/\r?\n/);
  const first = lines[0]?.startsWith('#version') ? 1 : 0;
  const merges: string[] = [];
  for (let i = first; i < lines.length; i++) {
    if (lines[i] === '') continue;
    const parts = lines[i]!.split(' ');
    if (parts.length !== 2 || !Object.hasOwn(vocab, parts.join('')))
      throw new FileError(path, `line ${i + 1}: expected two tokens whose union is in the vocabulary`);
    merges.push(lines[i]!);
  }
  return merges;
}

/** What a kind of vocabulary has where the folder does not say. */
interface Kind {
  readonly className: string;
  readonly length?: number;
  /** Those that the vocabulary has. */
  readonly tokens: Readonly<Record<string, string>>;
}

const clip: Kind = {
  className: 'CLIPTokenizer',
  length: 77,
  tokens: { bos_token: startOfText, eos_token: endOfText, unk_token: endOfText, pad_token: endOfText },
};
const wordPieces: Kind = {
  className: 'BertTokenizer',
  length: 512,
  tokens: { unk_token: '[UNK]', sep_token: '[SEP]', pad_token: '[PAD]', cls_token: '[CLS]', mask_token: '[MASK]' },
};
const t5Tokens = { eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' };
const robertaTokens = { ...t5Tokens, bos_token: '<s>', sep_token: '</s>', cls_token: '<s>', mask_token: '<mask>' };
const byteLevel: Kind = { className: 'RobertaTokenizer', length: 512, tokens: robertaTokens };
const t5Pieces: Kind = { className: 'T5Tokenizer', tokens: t5Tokens };
const xlmRobertaPieces: Kind = { className: 'XLMRobertaTokenizer', length: 512, tokens: robertaTokens };

function kindOf(definition: TokenizerJson): Kind {
  const { model } = definition;
  if (model.end_of_word_suffix === '</w>') return clip;
  if (model.merges) return byteLevel;
  if (Array.isArray(model.vocab)) return contains(definition, '<s>') ? xlmRobertaPieces : t5Pieces;
  return wordPieces;
}

function settingsOf(
  folder: string,
  definition: TokenizerJson,
  config: Record<string, unknown>,
  named: Record<string, string>,
  options: LoadTokenizerOptions,
): TokenizerSettings {
  const kind = kindOf(definition);
  const limit = config.model_max_length ?? noLimit;
  if (typeof limit !== 'number')
    throw new TypeError(`tokenizer_config.json: model_max_length: expected a number, got ${JSON.stringify(limit)}`);
  const finiteLimit = limit < noLimit || Number.isNaN(limit) ? limit : undefined;
  const usual = finiteLimit ?? kind.length ?? options.window;
  const maxLength = options.maxLength ?? (usual === undefined ? undefined : Math.min(usual, options.window ?? usual));
  if (maxLength === undefined)
    throw new RangeError(`${folder}: gives no model_max_length; pass maxLength, or write it into its tokenizer_config.json`);

  const usualTokens = Object.entries(kind.tokens).filter(([, token]) => contains(definition, token));
  const specialTokens: Record<string, string> = { ...Object.fromEntries(usualTokens), ...named };
  const notes: string[] = [];
  const pad = specialTokens.pad_token;
  if (pad !== undefined && kind === clip && !contains(definition, pad)) {
    // The published CLIP folder names a token that its vocabulary lacks; an id beyond the embedding table would be of no use.
    notes.push(`the padding token ${pad} is not in the vocabulary; padding with ${specialTokens.eos_token}, as Stable Diffusion does`);
    specialTokens.pad_token = specialTokens.eos_token!;
  }
  if (pad === undefined) {
    // Language models are published without one, since they were trained on texts end to end.
    const instead = specialTokens.eos_token ?? specialTokens.unk_token;
    if (instead !== undefined) {
      notes.push(`no padding token is named; padding with ${instead}`);
      specialTokens.pad_token = instead;
    }
  }
  const tokenizerClass = typeof config.tokenizer_class === 'string' ? config.tokenizer_class : kind.className;
  const { name_or_path: _, special_tokens_map_file: __, tokenizer_file: ___, ...portable } = config; // paths on someone's machine
  return { tokenizerClass, maxLength, specialTokens, config: portable, notes };
}

function contains({ model, added_tokens: added = [] }: TokenizerJson, token: string): boolean {
  const inModel = Array.isArray(model.vocab) ? model.vocab.some(([content]) => content === token) : Object.hasOwn(model.vocab, token);
  return inModel || added.some(({ content }) => content === token);
}

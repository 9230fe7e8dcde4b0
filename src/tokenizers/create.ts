/** A tokenizer from its `tokenizer.json`, run by the package `@huggingface/tokenizers`. */

import { join } from 'node:path';
import { formatJson, writeFileAtomic } from '../files/internal';
import type { NormalizerJson, TokenizerJson } from './definition';
import type { Encoded, EncodedBatch, EncodedPair, Tokenizer } from './tokenizer';

/** The names of special tokens and the limits, as in `tokenizer_config.json`. */
export interface TokenizerSettings {
  /** Class in transformers, such as `CLIPTokenizer`. */
  readonly tokenizerClass: string;
  readonly maxLength: number;
  /** Role → token: `pad_token`, `bos_token`, … */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Further entries of `tokenizer_config.json`, kept when saving. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly notes?: readonly string[];
}

/** What we use of the package. Its declarations are those of an ES module, which a CommonJS file cannot import. */
interface Library {
  encode(text: string, options?: object): { ids: number[]; tokens: string[]; token_type_ids?: number[] };
  token_to_id(token: string): number | undefined;
  decode(ids: number[], options?: object): string;
}
const { Tokenizer: LibraryTokenizer } = require('@huggingface/tokenizers') as {
  Tokenizer: new (definition: object, config: object) => Library;
};

/** The longest texts: every one of them takes this much, padding included. */
const mostTokens = 100_000;

/**
 * A tokenizer from its parts.
 *
 * @param where names the source in errors
 * @throws TypeError where the definition cannot be used; RangeError where the length has no room for a text or a token is missing
 */
export function createTokenizer(where: string, definition: TokenizerJson, settings: TokenizerSettings): Tokenizer {
  const library = construct(where, definition, settings);
  const { maxLength, specialTokens } = settings;
  const padId = library.token_to_id(specialTokens.pad_token ?? '');
  if (padId === undefined)
    throw new RangeError(`${where}: the padding token ${JSON.stringify(specialTokens.pad_token ?? null)} is not in the vocabulary`);
  const prepare = preparation(definition.normalizer ?? undefined);
  const ids = (text: string): number[] => library.encode(prepare(text)).ids;

  // Special tokens around a text, found by encoding one with and without them.
  const [bare, withSpecial] = [library.encode('a', { add_special_tokens: false }).ids, library.encode('a').ids];
  const before = Math.max(
    withSpecial.findIndex((_, at) => bare.every((id, i) => withSpecial[at + i] === id)),
    0,
  );
  const after = withSpecial.length - bare.length - before;
  if (!Number.isInteger(maxLength) || maxLength <= before + after)
    throw new RangeError(`${where}: the length ${maxLength}: expected an integer above ${before + after}, which the special tokens take`);
  if (maxLength > mostTokens) throw new RangeError(`${where}: the length ${maxLength}: expected at most ${mostTokens} tokens per text`);

  const encodeInto = (text: string, outIds: Int32Array, outMask: Int32Array): { length: number; lostTokens: number } => {
    const full = ids(text);
    const lostTokens = Math.max(0, full.length - maxLength);
    const cut = lostTokens ? [...full.slice(0, maxLength - after), ...full.slice(full.length - after)] : full;
    outIds.fill(padId);
    outIds.set(cut);
    outMask.fill(1, 0, cut.length);
    return { length: cut.length, lostTokens };
  };

  return {
    vocabularySize: sizeOf(definition),
    maxLength,
    padId,
    startId: before > 0 ? withSpecial[0] : undefined,
    endId: after > 0 ? withSpecial.at(-1) : undefined,
    eosId: library.token_to_id(specialTokens.eos_token ?? ''),
    notes: settings.notes ?? [],
    encode(text: string): Encoded {
      const out = { ids: new Int32Array(maxLength), mask: new Int32Array(maxLength) };
      return { ...out, ...encodeInto(text, out.ids, out.mask) };
    },
    encodeBatch(texts: readonly string[]): EncodedBatch {
      const out = { ids: new Int32Array(texts.length * maxLength), mask: new Int32Array(texts.length * maxLength) };
      const lostTokens = texts.map((text, i) => {
        const row = [i * maxLength, (i + 1) * maxLength] as const;
        return encodeInto(text, out.ids.subarray(...row), out.mask.subarray(...row)).lostTokens;
      });
      return { ...out, lostTokens };
    },
    ids,
    tokens: (text: string): string[] => library.encode(prepare(text)).tokens,
    text: (list: readonly number[]): string =>
      list.length === 0 ? '' : library.decode([...list], { skip_special_tokens: true, clean_up_tokenization_spaces: true }),
    encodePair(first: string, second: string): EncodedPair {
      const pair = library.encode(prepare(first), { text_pair: prepare(second), return_token_type_ids: true });
      return { ids: pair.ids, typeIds: pair.token_type_ids ?? [] };
    },
    withTokens: (words: readonly string[]): Tokenizer => createTokenizer(where, addTokens(where, definition, words), settings),
    idOf: (token: string): number | undefined => library.token_to_id(token),
    withLength: (length: number): Tokenizer => createTokenizer(where, definition, { ...settings, maxLength: length }),
    files: (): Record<string, string> => filesOf(definition, settings),
    save: (folder: string): Promise<void> => save(folder, filesOf(definition, settings)),
  };
}

function construct(where: string, definition: TokenizerJson, settings: TokenizerSettings): Library {
  try {
    return new LibraryTokenizer(definition, { ...settings.config, ...settings.specialTokens, tokenizer_class: settings.tokenizerClass });
  } catch (error) {
    throw new TypeError(`${where}: the tokenizer's description cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/** One more than the largest id. */
function sizeOf({ model, added_tokens: added = [] }: TokenizerJson): number {
  let largest = -1;
  if (Array.isArray(model.vocab)) largest = model.vocab.length - 1;
  else for (const id of Object.values(model.vocab)) largest = Math.max(largest, id);
  for (const { id } of added) largest = Math.max(largest, id);
  return largest + 1;
}

/** The definition with further words, found in a text before anything else is done to it. */
function addTokens(where: string, definition: TokenizerJson, words: readonly string[]): TokenizerJson {
  const { model, added_tokens: added = [] } = definition;
  const vocabulary = new Set([...added.map(({ content }) => content), ...(Array.isArray(model.vocab) ? [] : Object.keys(model.vocab))]);
  const first = sizeOf(definition);
  const fresh = [...new Set(words)].filter((word) => !vocabulary.has(word));
  for (const word of fresh)
    if (!/^\S+$/.test(word))
      throw new RangeError(`${where}: a new token: expected a word without white space, got ${JSON.stringify(word)}`);
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };
  return { ...definition, added_tokens: [...added, ...fresh.map((content, i) => ({ id: first + i, content, ...plain }))] };
}

/**
 * What the package normalises otherwise than Hugging Face's Rust library, done beforehand: JavaScript lower-cases a final
 * Σ to ς, Rust each character alone to σ; and Chinese characters beyond the basic plane are not set apart.
 */
function preparation(normalizer: NormalizerJson | undefined): (text: string) => string {
  const parts = normalizer ? (normalizer.normalizers ?? [normalizer]) : [];
  const lowers = parts.some(({ type, lowercase }) => type === 'Lowercase' || (type === 'BertNormalizer' && lowercase !== false));
  const separates = parts.some(({ type, handle_chinese_chars: handle }) => type === 'BertNormalizer' && handle !== false);
  return (text) => {
    const lowered = lowers ? text.replaceAll('Σ', 'σ') : text;
    return separates ? lowered.replace(/[\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu, ' $& ') : lowered;
  };
}

/** `tokenizer.json` and what stands beside it, and the older files that transformers' slow tokenizers and diffusers look for, as texts by their names. */
function filesOf(definition: TokenizerJson, settings: TokenizerSettings): Record<string, string> {
  const { model } = definition;
  const files: Record<string, string> = {
    'tokenizer.json': formatJson(definition),
    'special_tokens_map.json': formatJson(settings.specialTokens),
    'tokenizer_config.json': formatJson({
      ...settings.config,
      ...settings.specialTokens,
      model_max_length: settings.maxLength,
      tokenizer_class: settings.tokenizerClass,
    }),
  };
  if (Array.isArray(model.vocab)) return files;
  const byId = Object.entries(model.vocab).sort(([, a], [, b]) => a - b);
  if (model.merges) {
    const merges = model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
    files['vocab.json'] = formatJson(Object.fromEntries(byId));
    files['merges.txt'] = `#version: 0.2\n${merges.join('\n')}\n`;
  } else {
    files['vocab.txt'] = `${byId.map(([token]) => token).join('\n')}\n`;
  }
  return files;
}

async function save(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFileAtomic(join(folder, name), text);
}

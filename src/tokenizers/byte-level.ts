/** Byte-level BPE as GPT-2 has it, from a vocabulary and merges: its tokenizer, and the text of ids. */

import { createTokenizer } from './create';
import type { TokenizerJson } from './definition';
import type { Tokenizer } from './tokenizer';

export interface ByteLevelBpe {
  /** Tokens in the order of their ids, bytes written as GPT-2 writes them. */
  readonly tokens: readonly string[];
  /** "left right", best first. */
  readonly merges: readonly string[];
  /** Ids of tokens that are found in a text before anything else is done to it. */
  readonly special: readonly number[];
  /** Whether each digit is a word of its own. */
  readonly splitDigits: boolean;
  readonly padding: number;
  /** The token that ends a text, where there is one. */
  readonly end?: number;
  readonly maxLength: number;
}

/** @throws TypeError where vocabulary and merges do not fit */
export function byteLevelTokenizer(
  where: string,
  { tokens, merges, special, splitDigits, padding, end, maxLength }: ByteLevelBpe,
): Tokenizer {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const pieces = splitDigits ? [{ type: 'Digits', individual_digits: true }, byteLevel] : [byteLevel];
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const definition: TokenizerJson = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((id) => ({ id, content: tokens[id]!, ...plain })),
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: pieces },
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((merge) => merge.split(' ') as [string, string]),
    },
  };
  return createTokenizer(where, definition, {
    tokenizerClass: 'PreTrainedTokenizerFast',
    maxLength,
    specialTokens: { pad_token: tokens[padding]!, ...(end !== undefined && { eos_token: tokens[end]! }) },
  });
}

/** The byte of each character that stands for one: printable ones for themselves, the others from 256 on (Radford et al. 2019). */
const byteOf: ReadonlyMap<string, number> = (() => {
  const isPrintable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  const bytes = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) bytes.set(String.fromCharCode(isPrintable(byte) ? byte : next++), byte);
  return bytes;
})();

/** The text of ids. */
export function byteLevelText({ tokens, special }: Pick<ByteLevelBpe, 'tokens' | 'special'>, ids: readonly number[]): string {
  const isSpecial = new Set(special);
  const bytes = ids.flatMap((id) =>
    isSpecial.has(id) ? [...Buffer.from(tokens[id]!)] : Array.from(tokens[id]!, (character) => byteOf.get(character)!),
  );
  return Buffer.from(bytes).toString('utf8');
}

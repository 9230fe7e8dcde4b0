/** A small vocabulary for BERT's tokenizer from texts: its special tokens, the texts' characters, and their most frequent words. */

import { createTokenizer } from './create';
import { bertDefinition, bertSpecialTokens } from './definition';
import type { Tokenizer } from './tokenizer';

export interface WordPieceOptions {
  /** At most so many tokens. */
  readonly vocabularySize: number;
  /** Length of every encoded text, special tokens included. */
  readonly maxLength: number;
}

/**
 * Words that are frequent are one token; others are spelt out character by character, so no text of these characters is impossible. Words are what
 * BERT's tokenizer takes for them: lower case, punctuation apart.
 *
 * @throws RangeError where the size has no room for the special tokens and the characters
 */
export function wordVocabulary(texts: readonly string[], { vocabularySize, maxLength }: WordPieceOptions): Tokenizer {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of text.toLowerCase().match(/[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]/gu) ?? [])
      counts.set(word, (counts.get(word) ?? 0) + 1);
  const characters = [...new Set([...counts.keys()].flatMap((word) => [...word]))].sort();
  const begin = [...bertSpecialTokens, ...characters, ...characters.map((character) => `##${character}`)];
  if (begin.length > vocabularySize)
    throw new RangeError(
      `wordVocabulary: vocabularySize: expected at least ${begin.length}, for special tokens and characters, got ${vocabularySize}`,
    );
  const words = [...counts].filter(([word]) => [...word].length > 1).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const tokens = [...begin, ...words.map(([word]) => word)].slice(0, vocabularySize);
  const special = { unk_token: '[UNK]', sep_token: '[SEP]', pad_token: '[PAD]', cls_token: '[CLS]', mask_token: '[MASK]' };
  return createTokenizer('wordVocabulary', bertDefinition(Object.fromEntries(tokens.map((token, id) => [token, id])), true), {
    tokenizerClass: 'BertTokenizer',
    maxLength,
    specialTokens: special,
  });
}

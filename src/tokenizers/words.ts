/** Which tokens of a text belong to which of its words, for a tokenizer of any kind. */
import type { Tokenizer } from './tokenizer';

/** A word of a text: letters and digits without a gap. */
export interface TextWord {
  readonly word: string;
  /** Its characters in the text, [start, end). */
  readonly start: number;
  readonly end: number;
  /** Its tokens in `tokens(text)`, [from, to). */
  readonly from: number;
  readonly to: number;
  /** Whether all of them fit `maxLength`: what is cut off has no effect. */
  readonly isRead: boolean;
}

/**
 * The words of a text in order; marks between them belong to none.
 *
 * @example wordsOf(tokenizer, 'Large effusion.').map(({ word, to, from }) => `${word}: ${to - from} tokens`)
 */
export function wordsOf(tokenizer: Tokenizer, text: string): TextWord[] {
  const ends = tokenizer.endId === undefined ? 0 : 1;
  // Tokens do not reach over the edge of a word, so those of a text's beginning are counted alone.
  const tokensBefore = (end: number): number => tokenizer.ids(text.slice(0, end).trimEnd()).length - ends;
  return [...text.matchAll(/[\p{L}\p{N}]+/gu)].map(({ 0: word, index: start }) => {
    const end = start + word.length;
    const [from, to] = [tokensBefore(start), tokensBefore(end)];
    return { word, start, end, from, to, isRead: to <= tokenizer.maxLength - ends };
  });
}

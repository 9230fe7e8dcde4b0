/**
 * Training of a byte-level BPE vocabulary in CLIP's manner.
 * Sennrich et al. 2016, arXiv:1508.07909; Radford et al. 2021, arXiv:2103.00020.
 */

import { createTokenizer } from './create';
import { clipDefinition, clipPattern, endOfText, startOfText } from './definition';
import type { Tokenizer } from './tokenizer';

export interface TrainBpeOptions {
  /** Tokens at most, the 512 byte tokens and the two special ones included; fewer where the texts do not give as many. */
  vocabularySize: number;
  /** Length of every encoded text, with the two special tokens. */
  maxLength: number;
}

const byteTokens = 512;
/** A pair that occurs once saves nothing elsewhere. */
const leastCount = 2;

/**
 * Learns a vocabulary from texts. Any text can be encoded with it, since all bytes are tokens. The special tokens have the
 * two largest ids, as in CLIP, and end-of-text pads. Same texts, same vocabulary: ties go to the pair of smaller ids.
 *
 * @throws RangeError where the vocabulary has no room for bytes and special tokens, or there is no text
 */
export function trainBpe(texts: Iterable<string>, { vocabularySize, maxLength }: TrainBpeOptions): Tokenizer {
  const least = byteTokens + 2;
  if (!Number.isInteger(vocabularySize) || vocabularySize < least)
    throw new RangeError(
      `trainBpe: vocabularySize: expected an integer of at least ${least} (bytes and special tokens), got ${vocabularySize}`,
    );
  const words = countWords(texts);
  if (words.size === 0) throw new RangeError('trainBpe: there is no text to learn from');

  const tokens = initialTokens();
  const merges = learnMerges(words, tokens, vocabularySize - 2);
  const vocab = Object.fromEntries([...tokens, startOfText, endOfText].map((token, id) => [token, id]));
  return createTokenizer('trainBpe', clipDefinition(vocab, merges), {
    tokenizerClass: 'CLIPTokenizer',
    maxLength,
    specialTokens: { bos_token: startOfText, eos_token: endOfText, unk_token: endOfText, pad_token: endOfText },
    config: { add_prefix_space: false, do_lower_case: true, errors: 'replace' },
  });
}

/** How often each word occurs, normalised and split as the tokenizer will do it. */
function countWords(texts: Iterable<string>): Map<string, number> {
  const pattern = new RegExp(clipPattern, 'gu');
  const counts = new Map<string, number>();
  for (const text of texts) {
    const normal = [...text.normalize('NFC').replace(/\s+/g, ' ')].map((character) => character.toLowerCase()).join('');
    for (const [word] of normal.matchAll(pattern))
      if (word !== startOfText && word !== endOfText) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/** The visible character that stands for each byte, as in GPT-2's vocabulary: printable ones for themselves, the rest from 256 on. */
function byteCharacters(): string[] {
  const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

/** All bytes inside a word, then all bytes at its end; in CLIP's order: printable bytes first. */
function initialTokens(): string[] {
  const characters = byteCharacters().sort((a, b) => a.charCodeAt(0) - b.charCodeAt(0));
  return [...characters, ...characters.map((character) => `${character}</w>`)];
}

/** Appends merged tokens to `tokens` until there are `limit`, and returns the merges as "left right", first one first. */
function learnMerges(words: ReadonlyMap<string, number>, tokens: string[], limit: number): string[] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const characters = byteCharacters();
  const counts: number[] = [];
  const symbols = [...words].map(([word, count]) => {
    counts.push(count);
    const bytes = [...Buffer.from(word, 'utf8')].map((byte) => characters[byte]!);
    return bytes.map((character, i) => ids.get(i === bytes.length - 1 ? `${character}</w>` : character)!);
  });

  const pairs = new PairCounts();
  symbols.forEach((word, w) => {
    pairs.add(word, w, counts[w]!);
  });
  const merges: string[] = [];
  for (let best = pairs.best(); best && tokens.length < limit; best = pairs.best()) {
    const [left, right] = best;
    const token = tokens[left]! + tokens[right]!;
    // Two different pairs may spell the same token.
    let merged = ids.get(token);
    if (merged === undefined) {
      merged = tokens.push(token) - 1;
      ids.set(token, merged);
    }
    merges.push(`${tokens[left]} ${tokens[right]}`);
    for (const w of pairs.wordsWith(left, right)) {
      pairs.add(symbols[w]!, w, -counts[w]!);
      symbols[w] = mergeIn(symbols[w]!, left, right, merged);
      pairs.add(symbols[w]!, w, counts[w]!);
    }
  }
  return merges;
}

function mergeIn(word: readonly number[], left: number, right: number, merged: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < word.length; i++) {
    if (word[i] === left && word[i + 1] === right) {
      out.push(merged);
      i++;
    } else out.push(word[i]!);
  }
  return out;
}

/** Counts of neighbouring tokens, with the words that hold them and the most frequent at hand. */
class PairCounts {
  /** Pair → count; a pair is left * 2^24 + right. */
  readonly #counts = new Map<number, number>();
  /** Words in which a pair was ever seen. */
  readonly #words = new Map<number, Set<number>>();
  /** A binary heap of [count, pair] as they once were; outdated entries are dropped when they come up. */
  readonly #heap: (readonly [number, number])[] = [];

  add(word: readonly number[], index: number, count: number): void {
    for (let i = 0; i + 1 < word.length; i++) {
      const pair = word[i]! * 2 ** 24 + word[i + 1]!;
      const total = (this.#counts.get(pair) ?? 0) + count;
      this.#counts.set(pair, total);
      if (count > 0) {
        const words = this.#words.get(pair);
        if (words) words.add(index);
        else this.#words.set(pair, new Set([index]));
      }
      this.#push([total, pair]);
    }
  }

  wordsWith(left: number, right: number): number[] {
    return [...(this.#words.get(left * 2 ** 24 + right) ?? [])];
  }

  /** The most frequent pair, of equals that of the smallest ids; undefined where none occurs often enough. */
  best(): [number, number] | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      const [count, pair] = top;
      if (count < leastCount) return undefined;
      if (this.#counts.get(pair) === count) return [Math.floor(pair / 2 ** 24), pair % 2 ** 24];
      this.#pop();
    }
    return undefined;
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a]!, this.#heap[b]!];
    return x[0] > y[0] || (x[0] === y[0] && x[1] < y[1]);
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
  }

  #push(entry: readonly [number, number]): void {
    let at = this.#heap.push(entry) - 1;
    for (let up = (at - 1) >> 1; at > 0 && this.#before(at, up); up = (at - 1) >> 1) {
      this.#swap(at, up);
      at = up;
    }
  }

  #pop(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      let best = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < this.#heap.length && this.#before(child, best)) best = child;
      if (best === at) return;
      this.#swap(at, best);
      at = best;
    }
  }
}

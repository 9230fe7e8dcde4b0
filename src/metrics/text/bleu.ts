/** BLEU (Papineni et al. 2002): how much of a candidate's n-grams its reference has, times a penalty for short candidates. */

import { ngramCounts, sharedCount, type TextPair } from './tokens';

export interface BleuOptions {
  /** The longest n-grams; 4 where left out. */
  readonly order?: number;
  /**
   * What is done about n-grams that never match. `coco` adds 1e-15 to counts of matches and 1e-9 to counts of n-grams, as the COCO caption evaluation does, on which
   * report generation compares itself; `nltk` none, where an n-gram that never matches makes the score as good as 0; `nltk-epsilon` counts 0.1 matches in its place (method 1 of
   * Chen and Cherry 2014). NLTK counts one n-gram in a text that is too short to have any.
   */
  readonly smoothing?: 'coco' | 'nltk' | 'nltk-epsilon';
}

const [TINY, SMALL] = [1e-15, 1e-9];
const EPSILON = 0.1;
/** The least normal number of 64 bits, NLTK's precision for 0. */
const LEAST = 2.2250738585072014e-308;

/** What BLEU follows from; those of several texts are added. */
export interface BleuCounts {
  /** N-grams that both texts have, and those of the candidate, for n of 1 and on. */
  readonly matches: readonly number[];
  readonly ngrams: readonly number[];
  /** Tokens. */
  readonly candidate: number;
  readonly reference: number;
}

/** Of one pair. @param least what the number of a text's n-grams is at least: 0, in NLTK's way 1 */
export function bleuCounts({ candidate, reference }: TextPair, order: number, least: number = 0): BleuCounts {
  const orders = Array.from({ length: order }, (_, i) => i + 1);
  return {
    matches: orders.map((n) => sharedCount(ngramCounts(candidate, n), ngramCounts(reference, n))),
    ngrams: orders.map((n) => Math.max(least, candidate.length - n + 1)),
    candidate: candidate.length,
    reference: reference.length,
  };
}

const none = (order: number): BleuCounts => {
  const zeros = new Array<number>(order).fill(0);
  return { matches: zeros, ngrams: zeros, candidate: 0, reference: 0 };
};

const added = (a: BleuCounts, b: BleuCounts): BleuCounts => ({
  matches: a.matches.map((value, i) => value + b.matches[i]!),
  ngrams: a.ngrams.map((value, i) => value + b.ngrams[i]!),
  candidate: a.candidate + b.candidate,
  reference: a.reference + b.reference,
});

/**
 * BLEU of a set of texts, from the counts of all of them; one text for its own.
 *
 * @returns BLEU-1 … BLEU-`order`, 0 to 1
 */
export function bleu(pairs: readonly TextPair[], { order = 4, smoothing = 'coco' }: BleuOptions = {}): number[] {
  const least = smoothing === 'coco' ? 0 : 1;
  const counts = pairs.reduce((sum, pair) => added(sum, bleuCounts(pair, order, least)), none(order));
  return bleuOfCounts(counts, smoothing);
}

/** BLEU-1 and on of counts. */
export function bleuOfCounts(
  { matches, ngrams, candidate, reference }: BleuCounts,
  smoothing: NonNullable<BleuOptions['smoothing']>,
): number[] {
  const isCoco = smoothing === 'coco';
  const ratio = isCoco ? (candidate + TINY) / (reference + SMALL) : candidate / reference;
  const brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  if (!isCoco && matches[0] === 0) return ngrams.map(() => 0);
  const precision = (n: number): number => {
    if (isCoco) return (matches[n]! + TINY) / (ngrams[n]! + SMALL);
    if (matches[n]! > 0) return matches[n]! / ngrams[n]!;
    return smoothing === 'nltk' ? LEAST : EPSILON / ngrams[n]!;
  };
  let logs = 0;
  return ngrams.map((_, n) => {
    logs += Math.log(precision(n));
    return brevity * Math.exp(logs / (n + 1));
  });
}

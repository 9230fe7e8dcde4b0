/** What changes the scores of the next token before one is chosen, in the order in which they are given. -Infinity is a token that can't be. */

/** By transformers' names, where it has them; one step each. */
export type Processor =
  | { readonly kind: 'temperature'; readonly value: number }
  /** Only the k likeliest, and what is as likely as the last of them. */
  | { readonly kind: 'top_k'; readonly value: number }
  /** The likeliest that together have this probability (Holtzman et al. 2020, arXiv:1904.09751). */
  | { readonly kind: 'top_p'; readonly value: number }
  /** Those with this share of the likeliest one's probability. */
  | { readonly kind: 'min_p'; readonly value: number }
  /** Tokens that were there already, padding aside, are less likely (Keskar et al. 2019, arXiv:1909.05858). */
  | { readonly kind: 'repetition_penalty'; readonly value: number }
  /** No run of so many tokens occurs twice. */
  | { readonly kind: 'no_repeat_ngram_size'; readonly value: number }
  /** R2Gen's soft block: for each time that a token would repeat a run of three, its log-probability falls by this; 2 · 0.693 in R2Gen. */
  | { readonly kind: 'trigram_penalty'; readonly value: number };

/** Probabilities of scores. */
export function softmax(scores: ArrayLike<number>): Float64Array {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) most = Math.max(most, scores[i]!);
  const raised = Float64Array.from(scores, (value) => Math.exp(value - most));
  const total = raised.reduce((sum, value) => sum + value, 0);
  return raised.map((value) => value / total);
}

/** The token at a place between 0 and 1 of the scores' probabilities side by side. */
export function drawnToken(scores: Float64Array, place: number): number {
  const probabilities = softmax(scores);
  let [sum, last] = [0, 0];
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] === 0) continue;
    sum += probabilities[i]!;
    last = i;
    if (place < sum) return i;
  }
  return last; // rounding
}

const drop = (scores: Float64Array, isDropped: (i: number) => boolean): Float64Array =>
  scores.map((value, i) => (isDropped(i) ? Number.NEGATIVE_INFINITY : value));

function topP(scores: Float64Array, p: number): Float64Array {
  const probabilities = softmax(scores);
  const order = Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  const dropped = new Set<number>();
  let below = 0;
  for (const i of order.slice(0, -1)) {
    below += probabilities[i]!;
    if (below > 1 - p) break;
    dropped.add(i);
  }
  return drop(scores, (i) => dropped.has(i));
}

function minP(scores: Float64Array, share: number): Float64Array {
  const probabilities = softmax(scores);
  const least = share * Math.max(...probabilities);
  return drop(scores, (i) => probabilities[i]! < least);
}

/** Tokens that would end a run which is there already, and how often it is. */
function repeated(ids: readonly number[], size: number): Map<number, number> {
  const times = new Map<number, number>();
  if (ids.length + 1 < size) return times;
  const last = ids.slice(ids.length + 1 - size).join();
  for (let i = 0; i + size <= ids.length; i++) {
    const token = ids[i + size - 1]!;
    if (ids.slice(i, i + size - 1).join() === last) times.set(token, (times.get(token) ?? 0) + 1);
  }
  return times;
}

function processOne(scores: Float64Array, ids: readonly number[], padded: number, { kind, value }: Processor): Float64Array {
  switch (kind) {
    case 'temperature':
      return scores.map((score) => score / value);
    case 'top_k': {
      const kth = [...scores].sort((a, b) => b - a)[Math.min(value, scores.length) - 1]!;
      return drop(scores, (i) => scores[i]! < kth);
    }
    case 'top_p':
      return topP(scores, value);
    case 'min_p':
      return minP(scores, value);
    case 'repetition_penalty': {
      const seen = new Set(ids.slice(padded));
      return scores.map((score, i) => (seen.has(i) ? (score < 0 ? score * value : score / value) : score));
    }
    case 'no_repeat_ngram_size': {
      const tokens = repeated(ids, value);
      return drop(scores, (i) => tokens.has(i));
    }
    case 'trigram_penalty': {
      const times = repeated(ids, 3);
      return scores.map((score, i) => score - value * (times.get(i) ?? 0));
    }
  }
}

/**
 * @param scores of every token of the vocabulary: logits, or in beam search log-probabilities
 * @param ids    the tokens so far, padding too
 * @param padded how many of them, the first, are padding
 */
export function processScores(
  scores: ArrayLike<number>,
  ids: readonly number[],
  processors: readonly Processor[],
  padded = 0,
): Float64Array {
  return processors.reduce<Float64Array>((changed, processor) => processOne(changed, ids, padded, processor), Float64Array.from(scores));
}

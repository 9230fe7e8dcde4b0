/** BERTScore's matching of tokens (Zhang et al. 2020, arXiv:1904.09675, section 3), given their embeddings. */

/** Tokens of a text: their embeddings and how much each counts. */
export interface EmbeddedText {
  /** [tokens, width], row-major; first and last are the marks of begin and end, which may be matched. */
  readonly embeddings: Float32Array;
  readonly width: number;
  /** One for each token: 1, or its rarity (`inverseDocumentFrequencies`); 0 for marks. */
  readonly weights: readonly number[];
}

export interface BertScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** log((N + 1) / (n + 1)) of each token of N texts, n of which have it; that of a token of none is log(N + 1). */
export function inverseDocumentFrequencies(texts: readonly (readonly number[])[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const text of texts) for (const token of new Set(text)) counts.set(token, (counts.get(token) ?? 0) + 1);
  return new Map([...counts].map(([token, count]) => [token, Math.log((texts.length + 1) / (count + 1))]));
}

/** Rows of length 1. */
function directions({ embeddings, width }: EmbeddedText): Float64Array[] {
  return Array.from({ length: embeddings.length / width }, (_, i) => {
    const row = Float64Array.from(embeddings.subarray(i * width, (i + 1) * width));
    const norm = Math.hypot(...row);
    return row.map((value) => value / norm);
  });
}

/** The weighted mean of each token's best match. */
function matched(from: readonly Float64Array[], to: readonly Float64Array[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return from.reduce((sum, row, i) => {
    const best = Math.max(...to.map((other) => row.reduce((product, value, k) => product + value * other[k]!, 0)));
    return sum + (weights[i]! / total) * best;
  }, 0);
}

/**
 * How well tokens of one text find a like one in the other. A text of its two marks alone gives 0.
 *
 * @throws RangeError where embeddings and weights are not of as many tokens
 */
export function bertScore(candidate: EmbeddedText, reference: EmbeddedText): BertScore {
  const [a, b] = [directions(candidate), directions(reference)];
  if (a.length !== candidate.weights.length || b.length !== reference.weights.length)
    throw new RangeError(
      `bertScore: ${a.length} and ${b.length} embeddings for ${candidate.weights.length} and ${reference.weights.length} weights`,
    );
  if (a.length <= 2 || b.length <= 2) return { precision: 0, recall: 0, f1: 0 };
  const [precision, recall] = [matched(a, b, candidate.weights), matched(b, a, reference.weights)];
  const f1 = (2 * precision * recall) / (precision + recall);
  return { precision, recall, f1: Number.isNaN(f1) ? 0 : f1 };
}

/** A score on a scale where the `baseline`, that of texts that have nothing in common, is 0. */
export const rescaled = (score: number, baseline: number): number => (score - baseline) / (1 - baseline);

/** ROUGE (Lin 2004): how much of a reference a candidate has, in n-grams or in their longest common subsequence. */

import { ngramCounts, sharedCount, type TextPair } from './tokens';

export interface Rouge {
  readonly precision: number;
  readonly recall: number;
  /** (1 + β²) P R / (R + β² P). */
  readonly f: number;
}

function scoreOf(shared: number, candidate: number, reference: number, beta: number): Rouge {
  const [precision, recall] = [shared / Math.max(1, candidate), shared / Math.max(1, reference)];
  const f = precision > 0 && recall > 0 ? ((1 + beta ** 2) * precision * recall) / (recall + beta ** 2 * precision) : 0;
  return { precision, recall, f };
}

/** Of n-grams. */
export function rougeN({ candidate, reference }: TextPair, n: number): Rouge {
  const [a, b] = [ngramCounts(candidate, n), ngramCounts(reference, n)];
  const grams = (tokens: readonly string[]): number => Math.max(0, tokens.length - n + 1);
  return scoreOf(sharedCount(a, b), grams(candidate), grams(reference), 1);
}

/**
 * Of the longest common subsequence.
 *
 * @param beta how much more recall counts; 1 where left out, 1.2 in the COCO caption evaluation
 */
export function rougeL({ candidate, reference }: TextPair, beta: number = 1): Rouge {
  return scoreOf(commonSubsequence(candidate, reference), candidate.length, reference.length, beta);
}

/** Length of the longest sequence that both have in order, with gaps. */
function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  let row = new Int32Array(b.length + 1);
  for (const token of a) {
    const next = new Int32Array(b.length + 1);
    for (let j = 1; j <= b.length; j++) next[j] = token === b[j - 1] ? row[j - 1]! + 1 : Math.max(row[j]!, next[j - 1]!);
    row = next;
  }
  return row[b.length]!;
}

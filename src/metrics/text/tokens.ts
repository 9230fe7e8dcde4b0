/** Texts as the measures of reports see them. */

/** Lower case, runs of letters and digits: what ROUGE's own tokenizer leaves, and what all measures here are given. */
export function reportTokens(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/** Each run of `n` tokens, with how often it occurs. */
export function ngramCounts(tokens: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= tokens.length; i++) {
    const gram = tokens.slice(i, i + n).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

/** How many n-grams two texts share, each as often as it is in both. */
export function sharedCount(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let shared = 0;
  for (const [gram, count] of a) shared += Math.min(count, b.get(gram) ?? 0);
  return shared;
}

/** A candidate and what it is measured against. */
export interface TextPair {
  readonly candidate: readonly string[];
  readonly reference: readonly string[];
}

/** CIDEr-D (Vedantam et al. 2015, arXiv:1411.5726): likeness of n-grams that are rare in the references, with a penalty for other lengths. */

import { ngramCounts, type TextPair } from './tokens';

const ORDER = 4;
/** Deviation of the Gaussian of differences in length. */
const SIGMA = 6;
const ORDERS = Array.from({ length: ORDER }, (_, i) => i + 1);

interface Vector {
  readonly weights: ReadonlyMap<string, number>;
  readonly norm: number;
}

interface Described {
  /** By n. */
  readonly vectors: readonly Vector[];
  /** Bigrams, by which the COCO evaluation counts length. */
  readonly length: number;
}

function describe(tokens: readonly string[], rarity: (gram: string) => number): Described {
  const vectors = ORDERS.map((n) => {
    const weights = new Map([...ngramCounts(tokens, n)].map(([gram, count]) => [gram, count * rarity(gram)]));
    return { weights, norm: Math.sqrt([...weights.values()].reduce((sum, value) => sum + value ** 2, 0)) };
  });
  return { vectors, length: Math.max(0, tokens.length - 1) };
}

function likeness(a: Described, b: Described): number {
  const penalty = Math.exp(-((a.length - b.length) ** 2) / (2 * SIGMA ** 2));
  const each = a.vectors.map(({ weights, norm }, n) => {
    const other = b.vectors[n]!;
    let product = 0;
    for (const [gram, weight] of weights) {
      const theirs = other.weights.get(gram) ?? 0;
      product += Math.min(weight, theirs) * theirs;
    }
    return (norm > 0 && other.norm > 0 ? product / (norm * other.norm) : product) * penalty;
  });
  return each.reduce((sum, value) => sum + value, 0) / ORDER;
}

/**
 * @param pairs all of a set: how rare an n-gram is follows from their references
 * @returns     of each pair, 0 to 10; the set's is their mean
 */
export function ciderD(pairs: readonly TextPair[]): number[] {
  const documents = new Map<string, number>();
  for (const { reference } of pairs)
    for (const n of ORDERS) for (const gram of ngramCounts(reference, n).keys()) documents.set(gram, (documents.get(gram) ?? 0) + 1);
  const rarity = (gram: string): number => Math.log(pairs.length) - Math.log(Math.max(1, documents.get(gram) ?? 0));
  return pairs.map(({ candidate, reference }) => 10 * likeness(describe(candidate, rarity), describe(reference, rarity)));
}

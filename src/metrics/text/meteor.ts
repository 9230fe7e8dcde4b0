/** METEOR (Banerjee and Lavie 2005) with words and their stems, without synonyms: as NLTK computes it without WordNet. */

import { porterStem } from './porter';
import type { TextPair } from './tokens';

export interface MeteorOptions {
  /** How much more recall counts than precision; 0.9 where left out. */
  readonly alpha?: number;
  /** The exponent of the penalty, 3. */
  readonly beta?: number;
  /** The penalty's weight, 0.5. */
  readonly gamma?: number;
}

type Match = readonly [candidate: number, reference: number];

/** Greedy from the ends: each word of the candidate takes the last free place in the reference that has it. */
function align({ candidate, reference }: TextPair): Match[] {
  const matches: Match[] = [];
  let [left, right] = [candidate, reference].map((words) => words.map((word, place) => ({ word, place })));
  for (const form of [(word: string): string => word, porterStem]) {
    const free = right!.map(({ word, place }) => ({ word: form(word), place }));
    const unmatched: typeof left = [];
    for (const { word, place } of [...left!].reverse()) {
      const at = free.findLastIndex((other) => other.word === form(word));
      if (at < 0) unmatched.unshift({ word, place });
      else matches.push([place, free.splice(at, 1)[0]!.place]);
    }
    left = unmatched;
    right = right!.filter(({ place }) => free.some((other) => other.place === place));
  }
  return matches.sort((a, b) => a[0] - b[0]);
}

/** Runs of matches that follow each other in both texts. */
function chunks(matches: readonly Match[]): number {
  return matches.filter(([a, b], i) => i === 0 || a !== matches[i - 1]![0] + 1 || b !== matches[i - 1]![1] + 1).length;
}

/** 0 to 1. */
export function meteor(pair: TextPair, { alpha = 0.9, beta = 3, gamma = 0.5 }: MeteorOptions = {}): number {
  const matches = align(pair);
  const count = matches.length;
  if (count === 0) return 0;
  const [precision, recall] = [count / pair.candidate.length, count / pair.reference.length];
  const mean = (precision * recall) / (alpha * precision + (1 - alpha) * recall);
  return mean * (1 - gamma * (chunks(matches) / count) ** beta);
}

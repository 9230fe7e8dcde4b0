/** Beam search as transformers has it: twice as many continuations as beams are looked at, so that as many go on where others end. */

import type { Continuation } from './continuation';
import { type Processor, processScores, softmax } from './processors';

export interface BeamOptions {
  readonly prompts: readonly (readonly number[])[];
  /** How many of each prompt's tokens are padding. */
  readonly padded: readonly number[];
  readonly steps: number;
  readonly end: number;
  readonly padding: number;
  readonly processors: readonly Processor[];
  /** Sequences that are followed for each prompt. */
  readonly beams: number;
  /** Sums of log-probabilities are divided by the number of new tokens to this power: above 0 it favours long ones. 1 where left out. */
  readonly lengthPenalty: number;
  /**
   * When a prompt is done: as soon as it has as many ended sequences as beams (true); once the best that goes on would, at its length, not be among them (false); or once it could
   * not at any length ("never").
   */
  readonly earlyStopping: boolean | 'never';
}

interface Beam {
  /** With the prompt. */
  readonly ids: readonly number[];
  /** The sum of log-probabilities; of one that has ended, divided as the length penalty says. */
  readonly score: number;
  /** The row of the step before that it goes on from. */
  readonly from: number;
}

/** One prompt's search. */
interface Search {
  running: Beam[];
  ended: Beam[];
  /** Whether what runs may still be among the best. */
  mayImprove: boolean;
}

/** The continuations of all beams that are the likeliest, best first. */
function likeliest(search: Search, scores: Float32Array, prompt: number, options: BeamOptions): Beam[] {
  const { beams, processors, padded } = options;
  const first = prompt * beams;
  const vocabulary = scores.length / (options.prompts.length * beams);
  const all: { score: number; token: number; beam: number }[] = [];
  search.running.forEach(({ ids, score }, beam) => {
    const row = first + beam;
    const logs = softmax(scores.subarray(row * vocabulary, (row + 1) * vocabulary)).map(Math.log);
    const processed = processScores(logs, ids, processors, padded[prompt]);
    for (let token = 0; token < vocabulary; token++)
      if (processed[token]! > Number.NEGATIVE_INFINITY) all.push({ score: score + processed[token]!, token, beam });
  });
  all.sort((a, b) => b.score - a.score);
  return all
    .slice(0, 2 * beams)
    .map(({ score, token, beam }) => ({ ids: [...search.running[beam]!.ids, token], score, from: first + beam }));
}

/** One step of a prompt, `length` new tokens with this one. */
function advance(search: Search, candidates: readonly Beam[], length: number, options: BeamOptions): void {
  const { beams, end, steps, lengthPenalty, earlyStopping } = options;
  const isOver = ({ ids }: Beam): boolean => length === steps || ids.at(-1) === end;
  const isFull = search.ended.length === beams && earlyStopping === true;
  if (search.mayImprove && !isFull) {
    const over = candidates.slice(0, beams).filter(isOver); // of those further down none would have gone on
    const scored = over.map((beam) => ({ ...beam, score: beam.score / length ** lengthPenalty }));
    search.ended = [...search.ended, ...scored].sort((a, b) => b.score - a.score).slice(0, beams);
  }
  search.running = candidates.filter((beam) => !isOver(beam)).slice(0, beams);
  const best = search.running[0];
  const hypothetical = earlyStopping === 'never' && lengthPenalty > 0 ? steps : length;
  const worst = search.ended.length === beams ? search.ended.at(-1)!.score : Number.NEGATIVE_INFINITY;
  search.mayImprove &&= best !== undefined && best.score / hypothetical ** lengthPenalty > worst;
}

/** @param run with `beams` rows for each prompt */
export function searchBeams(run: Continuation, options: BeamOptions): { readonly sequences: number[][]; readonly scores: number[] } {
  const { prompts, beams, steps, padding, earlyStopping } = options;
  const searches = prompts.map((ids): Search => ({ running: [{ ids, score: 0, from: 0 }], ended: [], mayImprove: true }));
  let scores = run.begin();
  for (let length = 1; ; length++) {
    searches.forEach((search, p) => {
      advance(search, likeliest(search, scores, p, options), length, options);
    });
    const isDone = earlyStopping === true && searches.every(({ ended }) => ended.length === beams);
    if (isDone || length === steps || !searches.some(({ mayImprove }) => mayImprove)) break;
    // Every row must go on: a prompt with fewer beams repeats one, which nobody asks of.
    const rows = searches.flatMap(({ running }, p) =>
      Array.from({ length: beams }, (_, b) => running[b] ?? running[0] ?? { ids: [padding], score: 0, from: p * beams }),
    );
    scores = run.next(
      rows.map(({ ids }) => ids.at(-1)!),
      rows.map(({ from }) => from),
    );
  }
  const found = searches.flatMap(({ ended }) => ended);
  const longest = Math.max(...found.map(({ ids }) => ids.length));
  return {
    sequences: found.map(({ ids }) => [...ids, ...Array<number>(longest - ids.length).fill(padding)]),
    scores: found.map(({ score }) => score),
  };
}

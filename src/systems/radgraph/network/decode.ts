/** What the network's scores say of a report: entities, and relations between them. */

import type { RadGraphReport } from '../annotation';
import { circleOf } from '../schema/check';
import { type DygieEntity, type DygieRelation, reportOf } from '../schema/dygie';
import { type DygieConfig, spansKept } from './config';

/** The scores of one report (`DygieScores`), of a batch whose reports have up to `window` words. */
export interface ScoreRows {
  /** [window * max_span_width, classes] */
  readonly entities: Float32Array;
  /** [K] */
  readonly top: ArrayLike<number>;
  /** [K, K, kinds] */
  readonly relations: Float32Array;
  readonly window: number;
}

/** What was found, each with its score and its probability, in the order of the text. */
export interface Found {
  readonly entities: readonly DygieEntity[];
  readonly relations: readonly DygieRelation[];
}

/** The best of some scores and none, whose score is 0; its probability. @returns at: -1 for none */
export function strongest(scores: Float32Array, from: number, count: number): { at: number; score: number; probability: number } {
  let [at, score] = [-1, 0];
  for (let i = 0; i < count; i++) if (scores[from + i]! > score) [at, score] = [i, scores[from + i]!];
  let sum = Math.exp(-score);
  for (let i = 0; i < count; i++) sum += Math.exp(scores[from + i]! - score);
  return { at, score, probability: 1 / sum };
}

/** Entities and relations of a report of `words` words, relations also between spans that are no entities: as DyGIE++ predicts. */
export function foundIn(config: DygieConfig, { entities, top, relations, window }: ScoreRows, words: number): Found {
  const { entity_labels: labels, relation_labels: kinds, max_span_width: M } = config;
  const foundEntities: DygieEntity[] = [];
  for (let start = 0; start < words; start++)
    for (let width = 0; width < Math.min(M, words - start); width++) {
      const { at, score, probability } = strongest(entities, (start * M + width) * labels.length, labels.length);
      if (at >= 0) foundEntities.push([start, start + width, labels[at]!, score, probability]);
    }
  const all = spansKept(config, window);
  // Ranks of the kept spans, in the order of the text.
  const ranks = Array.from({ length: Math.min(all, spansKept(config, words)) }, (_, rank) => rank).sort((a, b) => top[a]! - top[b]!);
  const foundRelations = ranks.flatMap((head) =>
    ranks.flatMap((tail): DygieRelation[] => {
      const { at, score, probability } = strongest(relations, (head * all + tail) * kinds.length, kinds.length);
      if (at < 0) return [];
      const [from, to] = [placeOf(top[head]!, M), placeOf(top[tail]!, M)];
      return [[...from, ...to, kinds[at]!, score, probability]];
    }),
  );
  return { entities: foundEntities, relations: foundRelations };
}

const placeOf = (span: number, M: number): [number, number] => [Math.floor(span / M), Math.floor(span / M) + (span % M)];

/**
 * A report of what was found, in RadGraph's form. Relations with an end that is no entity are left out, as RadGraph does; of relations that go in a circle the one
 * with the least probability is, too.
 */
export function reportFound(tokens: readonly string[], { entities, relations }: Found): { report: RadGraphReport; circles: number } {
  const isEntity = new Set(entities.map(([start, end]) => `${start} ${end}`));
  let kept = relations.filter(
    ([a, b, c, d]) => isEntity.has(`${a} ${b}`) && isEntity.has(`${c} ${d}`) && `${a} ${b}` !== `${c} ${d}`, // one to itself is a circle
  );
  let circles = 0;
  for (;;) {
    const report = reportOf('', tokens, entities, kept, true);
    const circle = circleOf(report.entities);
    if (circle === undefined) return { report, circles };
    const places = circle.map((key) => report.entities[key]!);
    const along = places.map((head, i) => [head, places[(i + 1) % places.length]!] as const);
    const closing = kept.filter(([a, b, c, d]) =>
      along.some(([head, tail]) => head.start_ix === a && head.end_ix === b && tail.start_ix === c && tail.end_ix === d),
    );
    const weakest = closing.reduce((least, one) => (one[6]! < least[6]! ? one : least));
    kept = kept.filter((one) => one !== weakest);
    circles++;
  }
}

/** A second annotator whose mistakes are known: what measures of agreement say of the two can be worked out beforehand. */

import { draws } from '../../../datasets/internal';
import { foldIn, type Key } from '../../../engine';
import type { RadGraphEntity, RadGraphReport } from '../annotation';
import { radGraphLabels, relationKinds } from '../schema/labels';
import { tokensOf } from '../schema/tokens';

/** How often the second annotator does otherwise, probabilities. */
export interface LabellerRates {
  /** An entity is not seen, and so no relation from or to it. */
  readonly missed: number;
  /** It has another class. */
  readonly relabelled: number;
  /** It ends one token later, where there is one that no entity has. */
  readonly widened: number;
  /** A relation is not seen. */
  readonly unrelated: number;
  /** It is of another kind. */
  readonly otherKind: number;
}

/** About how RadGraph's two annotators of MIMIC-CXR differed: micro F1 0.99 of entities, 0.95 of relations. */
export const CAREFUL: LabellerRates = { missed: 0.01, relabelled: 0.005, widened: 0.005, unrelated: 0.015, otherKind: 0.005 };

/** What a second annotator makes of reports; what is drawn for one report follows from its place. */
export function secondLabeller(reports: readonly RadGraphReport[], rates: LabellerRates, key: Key): RadGraphReport[] {
  return reports.map((report, i) => annotateAgain(report, rates, foldIn(key, i)));
}

function annotateAgain(report: RadGraphReport, rates: LabellerRates, key: Key): RadGraphReport {
  const random = draws(key);
  const tokens = tokensOf(report.text);
  const taken = new Set(Object.values(report.entities).flatMap(({ start_ix, end_ix }) => range(start_ix, end_ix)));
  const another = <T>(all: readonly T[], one: T): T => random.pick(all.filter((each) => each !== one));
  const seen = Object.entries(report.entities).filter(() => !random.chance(rates.missed));
  const keys = new Set(seen.map(([entity]) => entity));
  const entities = seen.map(([name, entity]): [string, RadGraphEntity] => {
    const label = random.chance(rates.relabelled) ? another<string>(radGraphLabels, entity.label) : entity.label;
    const next = entity.end_ix + 1;
    const wider = next < tokens.length && !taken.has(next) && random.chance(rates.widened);
    const end = wider ? next : entity.end_ix;
    const relations = entity.relations.flatMap(([kind, target]): [string, string][] => {
      const kept = !random.chance(rates.unrelated) && keys.has(target);
      return kept ? [[random.chance(rates.otherKind) ? another(relationKinds, kind) : kind, target]] : [];
    });
    if (wider) taken.add(next);
    return [name, { ...entity, label, end_ix: end, tokens: tokens.slice(entity.start_ix, end + 1).join(' '), relations }];
  });
  return { ...report, entities: Object.fromEntries(entities) };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

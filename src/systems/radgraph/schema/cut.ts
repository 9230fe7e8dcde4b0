/** Reports that are longer than a network reads. */

import type { RadGraphEntity, RadGraphReport } from '../annotation';
import { tokensOf } from './tokens';

/** What of a report lies beyond the limit. */
export interface LostOfReport {
  readonly tokens: number;
  readonly entities: number;
  readonly relations: number;
}

/** The first `limit` tokens of a report, with the entities that lie there and the relations between them; and what is lost. */
export function cutReport(report: RadGraphReport, limit: number): { readonly report: RadGraphReport; readonly lost: LostOfReport } {
  const tokens = tokensOf(report.text);
  const lostTokens = Math.max(0, tokens.length - limit);
  if (lostTokens === 0) return { report, lost: { tokens: 0, entities: 0, relations: 0 } };
  const all = Object.entries(report.entities);
  const kept = all.filter(([, { end_ix }]) => end_ix < limit);
  const keys = new Set(kept.map(([key]) => key));
  const entities = kept.map(([key, entity]): [string, RadGraphEntity] => [
    key,
    { ...entity, relations: entity.relations.filter(([, target]) => keys.has(target)) },
  ]);
  const count = (some: readonly (readonly [string, RadGraphEntity])[]): number =>
    some.reduce((sum, [, { relations }]) => sum + relations.length, 0);
  return {
    report: { ...report, text: tokens.slice(0, limit).join(' '), entities: Object.fromEntries(entities) },
    lost: { tokens: lostTokens, entities: all.length - kept.length, relations: count(all) - count(entities) },
  };
}

/** An annotated report as a picture. */

import { type Displayable, tokenGraph } from '../../display';
import type { RadGraphReport } from './annotation';
import { labelMeaning } from './schema/labels';
import { tokensOf } from './schema/tokens';

const KINDS = ['observation', 'anatomy', 'other'] as const;

/**
 * Entities in boxes coloured by what they are, what is absent struck out, what is uncertain dotted, relations as arcs.
 *
 * @example radGraphPicture(report)   // as a cell's last expression
 */
export function radGraphPicture({ text, entities }: RadGraphReport): Displayable {
  const keys = Object.keys(entities);
  const spans = Object.values(entities).map(({ start_ix: start, end_ix: end, label }) => {
    const { what = 'other', certainty } = labelMeaning(label) ?? {};
    return { start, end, label, kind: what, ...(certainty === 'absent' || certainty === 'uncertain' ? { certainty } : {}) };
  });
  const arcs = Object.values(entities).flatMap(({ relations }, from) =>
    relations.map(([label, target]) => ({ from, to: keys.indexOf(target), label })),
  );
  return tokenGraph(tokensOf(text), spans, arcs, KINDS);
}

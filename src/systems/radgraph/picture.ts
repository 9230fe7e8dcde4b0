/** An annotated report as a picture. */

import { type Displayable, type TokenSpan, tokenGraph } from '../../display';
import type { RadGraphEntity, RadGraphReport } from './annotation';
import { labelMeaning } from './schema/labels';
import { tokensOf } from './schema/tokens';

const KINDS = ['observation', 'anatomy', 'other'] as const;

/** How the boxes of a picture are named and coloured. */
export interface BoxLook {
  readonly kinds: readonly string[];
  /** Of the kinds; those of charts where they are not given. */
  readonly colours?: readonly string[];
  /** Of an entity, by its key. */
  readonly box: (key: string, entity: RadGraphEntity) => Pick<TokenSpan, 'kind' | 'note'>;
}

/** Boxes coloured by what an entity is, with its class below. */
const byClass: BoxLook = {
  kinds: KINDS,
  box: (_, { label }) => ({ kind: labelMeaning(label)?.what ?? 'other' }),
};

/**
 * Entities in boxes coloured by what they are, what is absent struck out, what is uncertain dotted, relations as arcs.
 *
 * @example radGraphPicture(report)   // as a cell's last expression
 */
export const radGraphPicture = (report: RadGraphReport): Displayable => entityPicture(report, byClass);

/** A report's entities in boxes of any look. */
export function entityPicture({ text, entities }: RadGraphReport, { kinds, colours, box }: BoxLook): Displayable {
  const keys = Object.keys(entities);
  const spans = Object.entries(entities).map(([key, entity]) => {
    const { start_ix: start, end_ix: end, label } = entity;
    const certainty = labelMeaning(label)?.certainty;
    return { start, end, label, ...box(key, entity), ...(certainty === 'absent' || certainty === 'uncertain' ? { certainty } : {}) };
  });
  const arcs = Object.values(entities).flatMap(({ relations }, from) =>
    relations.map(([label, target]) => ({ from, to: keys.indexOf(target), label })),
  );
  return tokenGraph(tokensOf(text), spans, arcs, kinds, colours);
}

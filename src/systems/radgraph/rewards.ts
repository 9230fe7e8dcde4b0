/** RadGraph's F1 of a generated report (Delbrouck et al. 2022, arXiv:2210.12186): how many of its entities and relations the reference has. */

import { agreementOf, asOne, type RadGraphEntity, type RadGraphReport } from './annotation';

export interface RadGraphRewards {
  /** Of entities with their labels. */
  readonly simple: number;
  /** And whether they have relations. */
  readonly partial: number;
  /** Of relations with the words and the label at their beginning and the words at their end; entities without relations count alone. */
  readonly complete: number;
}

type Kind = keyof RadGraphRewards;

/** What is compared of an entity. */
const items: Readonly<Record<Kind, (entity: RadGraphEntity, report: RadGraphReport) => string[]>> = {
  simple: ({ tokens, label }) => [asOne(tokens, label)],
  partial: ({ tokens, label, relations }) => [asOne(tokens, label, relations.length > 0)],
  complete: ({ tokens, label, relations }, { entities }) =>
    relations.length === 0
      ? [asOne(tokens, label)]
      : relations.map(([kind, target]) => asOne(tokens.toLowerCase(), label, kind, entities[target]!.tokens.toLowerCase())),
};

/**
 * 0 to 1; 0 where either report has no entity.
 *
 * @throws RangeError where a relation's target is no entity of its report
 */
export function radGraphRewards(hypothesis: RadGraphReport, reference: RadGraphReport): RadGraphRewards {
  for (const { entities } of [hypothesis, reference])
    for (const { relations } of Object.values(entities))
      for (const [, target] of relations)
        if (!Object.hasOwn(entities, target))
          throw new RangeError(`radGraphRewards: a relation's target, ${target}, is no entity of the report`);
  const setOf = (report: RadGraphReport, kind: Kind): Set<string> =>
    new Set(Object.values(report.entities).flatMap((entity) => items[kind](entity, report)));
  const f1 = (kind: Kind): number => agreementOf([[setOf(hypothesis, kind), setOf(reference, kind)]]).f1;
  return { simple: f1('simple'), partial: f1('partial'), complete: f1('complete') };
}

/** What two annotated reports say alike, and where they contradict each other, entity by entity. */

import type { RadGraphEntity, RadGraphReport } from './annotation';
import { labelMeaning } from './schema/labels';

/** In words, of what another report says: the same; of the same finding something else; nothing of it. */
export const entityVerdicts = ['agrees', 'contradicts', 'stands alone'] as const;
export type EntityVerdict = (typeof entityVerdicts)[number];

export interface ComparedEntity {
  readonly verdict: EntityVerdict;
  /** What the other report says of it, where that contradicts: its label, or a side. */
  readonly other?: string;
}

/**
 * Compares the entities of a report with those of another, by their words in small letters. An entity agrees where the other report has its words with its label; one that modifies
 * something, where they modify the same there. An observation contradicts where the other report has its words as an observation with other labels alone (absent for present), or
 * has what is there, or may be, on the other side alone. Synonyms are different words, and stand alone.
 *
 * @returns for each entity of `report`, by its key
 * @throws RangeError where a relation's target is no entity of its report
 */
export function compareEntities(report: RadGraphReport, other: RadGraphReport): Record<string, ComparedEntity> {
  const [facts, others] = [factsOf(report), factsOf(other)];
  return Object.fromEntries(facts.map((fact) => [fact.key, compared(fact, others)]));
}

type Side = 'left' | 'right';

interface Fact {
  readonly key: string;
  readonly words: string;
  readonly label: string;
  /** Words of what it modifies. */
  readonly modifies: readonly string[];
  /** Of what it is, of where it lies and of what modifies either. */
  readonly sides: ReadonlySet<Side>;
}

function compared({ words, label, modifies, sides }: Fact, others: readonly Fact[]): ComparedEntity {
  const named = others.filter((one) => one.words === words);
  const same = named.filter((one) => one.label === label);
  if (modifies.length > 0)
    return { verdict: same.some((one) => one.modifies.some((head) => modifies.includes(head))) ? 'agrees' : 'stands alone' };
  const { what, certainty } = labelMeaning(label) ?? {};
  if (same.length > 0) {
    const opposite = (one: Fact): boolean => one.sides.size > 0 && [...one.sides].every((side) => !sides.has(side));
    const isSided = what === 'observation' && certainty !== 'absent' && sides.size > 0;
    return isSided && same.every(opposite) ? { verdict: 'contradicts', other: [...same[0]!.sides].join(', ') } : { verdict: 'agrees' };
  }
  const otherwise = named.find((one) => one.modifies.length === 0 && labelMeaning(one.label)?.what === 'observation');
  return what === 'observation' && otherwise ? { verdict: 'contradicts', other: otherwise.label } : { verdict: 'stands alone' };
}

function factsOf({ entities }: RadGraphReport): Fact[] {
  const all = Object.entries(entities);
  const targets = ({ relations }: RadGraphEntity, kind: string): string[] =>
    relations.flatMap(([one, target]) => {
      if (!Object.hasOwn(entities, target))
        throw new RangeError(`compareEntities: a relation's target, ${target}, is no entity of the report`);
      return one === kind ? [target] : [];
    });
  /** The entity, where it lies, and all that modifies these. */
  const around = (key: string): string[] => {
    const found = new Set([key, ...targets(entities[key]!, 'located_at')]);
    for (const member of found) for (const [other, entity] of all) if (targets(entity, 'modify').includes(member)) found.add(other); // grows as it is gone through
    return [...found];
  };
  return all.map(([key, entity]) => ({
    key,
    words: entity.tokens.toLowerCase(),
    label: entity.label,
    modifies: targets(entity, 'modify').map((target) => entities[target]!.tokens.toLowerCase()),
    sides: new Set(around(key).flatMap((one) => sidesIn(entities[one]!.tokens))),
  }));
}

const SIDES: readonly (readonly [RegExp, readonly Side[]])[] = [
  [/\bleft\b/i, ['left']],
  [/\bright\b/i, ['right']],
  [/\b(bilateral|both)\b/i, ['left', 'right']],
];

const sidesIn = (words: string): Side[] => SIDES.flatMap(([pattern, sides]) => (pattern.test(words) ? sides : []));

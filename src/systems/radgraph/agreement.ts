/** How two annotators of the same reports agree on entities and relations. */

import { cohenKappa } from '../../metrics';
import { agreementOf, asOne, type RadGraphEntity, type RadGraphReport, type SetAgreement } from './annotation';
import { relationKinds } from './schema/labels';

/** The same report, by the first annotator and by the second. */
export type AnnotatedTwice = readonly [first: RadGraphReport, second: RadGraphReport];

export interface AnnotatorAgreement {
  readonly entities: SetAgreement;
  readonly entitiesWithoutLabel: SetAgreement;
  readonly entitiesByLabel: Readonly<Record<string, SetAgreement>>;
  /** Between the same places; and between entities of the same labels. */
  readonly relations: SetAgreement;
  readonly relationsWithLabels: SetAgreement;
  readonly relationsByKind: Readonly<Record<string, SetAgreement>>;
  readonly relationsWithLabelsByKind: Readonly<Record<string, SetAgreement>>;
  /** Cohen's κ over tokens, by the label of the entity that covers each; over those that either annotator marked; and over pairs of places that both marked, by their relation. */
  readonly kappaTokens: number;
  readonly kappaMarkedTokens: number;
  readonly kappaRelations: number;
  readonly tokens: number;
  readonly markedTokens: number;
  readonly pairs: number;
}

const OUTSIDE = 'O';
const entitiesOf = ({ entities }: RadGraphReport): RadGraphEntity[] => Object.values(entities);
const place = ({ start_ix, end_ix }: RadGraphEntity): string => asOne(start_ix, end_ix);
const marked = (entity: RadGraphEntity): string => asOne(entity.start_ix, entity.end_ix, entity.label);

interface Relation {
  readonly head: RadGraphEntity;
  readonly tail: RadGraphEntity;
  readonly kind: string;
}

function relationsOf(report: RadGraphReport): Relation[] {
  return entitiesOf(report).flatMap((head) => head.relations.map(([kind, target]) => ({ head, tail: report.entities[target]!, kind })));
}

/** The label of each token; where two entities cover it, of the one with the smaller key. */
function tokenLabels({ text, entities }: RadGraphReport): string[] {
  const labels = text
    .split(/\s+/)
    .filter(Boolean)
    .map(() => OUTSIDE);
  for (const key of Object.keys(entities).sort((a, b) => Number(b) - Number(a))) {
    const { start_ix, end_ix, label } = entities[key]!;
    labels.fill(label, start_ix, end_ix + 1);
  }
  return labels;
}

/** The relation from one place to another, by both annotators, for all ordered pairs of places that both marked. */
function relationPairs([first, second]: AnnotatedTwice): [string, string][] {
  const places = [first, second].map((report) => new Set(entitiesOf(report).map(place)));
  const both = [...places[0]!].filter((one) => places[1]!.has(one));
  const kinds = [first, second].map((report) => {
    const sorted = relationsOf(report).sort((a, b) => (a.kind < b.kind ? -1 : 1)); // of two relations the last by name
    return new Map(sorted.map(({ head, tail, kind }) => [asOne(place(head), place(tail)), kind]));
  });
  return both.flatMap((head) =>
    both.flatMap((tail): [string, string][] => {
      const [a, b] = kinds.map((map) => map.get(asOne(head, tail)) ?? 'none') as [string, string];
      return head === tail ? [] : [[a, b]];
    }),
  );
}

/** Sums over all reports; an entity that is marked twice alike counts once. */
export function annotatorAgreement(reports: readonly AnnotatedTwice[]): AnnotatorAgreement {
  const compare = (items: (report: RadGraphReport) => string[]): SetAgreement =>
    agreementOf(reports.map(([a, b]) => [new Set(items(a)), new Set(items(b))]));
  const labels = [...new Set(reports.flat().flatMap((report) => entitiesOf(report).map(({ label }) => label)))].sort();
  const ends = (report: RadGraphReport, end: (entity: RadGraphEntity) => string, only?: string): string[] =>
    relationsOf(report).flatMap(({ head, tail, kind }) => (only === undefined || kind === only ? [asOne(end(head), end(tail), kind)] : []));
  const byKind = (end: (entity: RadGraphEntity) => string): Record<string, SetAgreement> =>
    Object.fromEntries(relationKinds.map((kind) => [kind, compare((report) => ends(report, end, kind))]));
  const tokens = reports.flatMap(([a, b]) => {
    const [x, y] = [tokenLabels(a), tokenLabels(b)];
    return x.map((label, i): [string, string] => [label, y[i]!]);
  });
  const seen = tokens.filter(([a, b]) => a !== OUTSIDE || b !== OUTSIDE);
  const pairs = reports.flatMap(relationPairs);
  const kappa = (both: readonly (readonly [string, string])[]): number =>
    cohenKappa(
      both.map(([a]) => a),
      both.map(([, b]) => b),
    );
  return {
    entities: compare((report) => entitiesOf(report).map(marked)),
    entitiesWithoutLabel: compare((report) => entitiesOf(report).map(place)),
    entitiesByLabel: Object.fromEntries(
      labels.map((label) => [
        label,
        compare((report) =>
          entitiesOf(report)
            .filter((one) => one.label === label)
            .map(marked),
        ),
      ]),
    ),
    relations: compare((report) => ends(report, place)),
    relationsWithLabels: compare((report) => ends(report, marked)),
    relationsByKind: byKind(place),
    relationsWithLabelsByKind: byKind(marked),
    kappaTokens: kappa(tokens),
    kappaMarkedTokens: kappa(seen),
    kappaRelations: kappa(pairs),
    tokens: tokens.length,
    markedTokens: seen.length,
    pairs: pairs.length,
  };
}

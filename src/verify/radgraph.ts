/** Checks RadGraph's rewards and the agreement of annotators against the radgraph package, set arithmetic and scikit-learn. */

import {
  annotatorAgreement,
  type RadGraphReport,
  type RadGraphRewards,
  radGraphRewards,
  relationKinds,
  type SetAgreement,
} from '../systems';
import type { Checker, Measure } from './checker';
import { absolute, exact, unsupported } from './measure';
import { fileChecker } from './one-file';

const TOLERANCE = 1e-9;

interface Agreed {
  readonly true_positive: number;
  readonly first: number;
  readonly second: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

interface Cases {
  readonly pairs: readonly {
    readonly kind: string;
    readonly hypothesis: RadGraphReport;
    readonly reference: RadGraphReport;
    readonly rewards: RadGraphRewards;
    readonly rewards_swapped: RadGraphRewards;
  }[];
  readonly mean_rewards: RadGraphRewards;
  readonly agreement: Readonly<Record<string, number | Agreed | Readonly<Record<string, Agreed>>>>;
}

const KINDS = ['simple', 'partial', 'complete'] as const;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const listed = ({ true_positive, first, second, precision, recall, f1 }: Agreed): number[] => [
  true_positive,
  first,
  second,
  precision,
  recall,
  f1,
];
const asAgreed = ({ shared, ...rest }: SetAgreement): Agreed => ({ true_positive: shared, ...rest });

function* checkRewards({ pairs, mean_rewards }: Cases): Generator<Measure> {
  const rewards = pairs.map(({ hypothesis, reference }) => radGraphRewards(hypothesis, reference));
  const swapped = pairs.map(({ hypothesis, reference }) => radGraphRewards(reference, hypothesis));
  for (const kind of KINDS) {
    const column = (all: readonly RadGraphRewards[]): number[] => all.map((one) => one[kind]);
    yield absolute(`${kind} rewards`, column(rewards), column(pairs.map((pair) => pair.rewards)), TOLERANCE);
    yield absolute(`${kind} rewards, swapped`, column(swapped), column(pairs.map((pair) => pair.rewards_swapped)), TOLERANCE);
    yield absolute(`${kind} rewards, mean`, [mean(column(rewards))], [mean_rewards[kind]], TOLERANCE);
  }
}

function* checkAgreement({ pairs, agreement: want }: Cases): Generator<Measure> {
  const same = pairs.filter(({ kind }) => kind === 'same report');
  const got = annotatorAgreement(same.map(({ hypothesis, reference }) => [hypothesis, reference] as const));
  const macro = (all: Readonly<Record<string, SetAgreement>>): number => mean(Object.values(all).map(({ f1 }) => f1));
  const each = (all: Readonly<Record<string, SetAgreement>>): Record<string, Agreed> =>
    Object.fromEntries(Object.entries(all).map(([name, one]) => [name, asAgreed(one)]));
  const ours: Readonly<Record<string, number | Agreed | Readonly<Record<string, Agreed>>>> = {
    entities: asAgreed(got.entities),
    entities_without_label: asAgreed(got.entitiesWithoutLabel),
    entities_by_label: each(got.entitiesByLabel),
    entities_macro_f1: macro(got.entitiesByLabel),
    relations: asAgreed(got.relations),
    relations_with_entity_labels: asAgreed(got.relationsWithLabels),
    relations_by_kind: each(got.relationsByKind),
    relations_macro_f1: macro(got.relationsByKind),
    tokens: got.tokens,
    kappa_tokens: got.kappaTokens,
    tokens_marked: got.markedTokens,
    kappa_tokens_marked: got.kappaMarkedTokens,
    span_pairs: got.pairs,
    kappa_relations: got.kappaRelations,
  };
  for (const [name, value] of Object.entries(want)) {
    const one = ours[name];
    if (one === undefined) yield unsupported(name);
    else if (typeof value === 'number') yield absolute(name, [one as number], [value], TOLERANCE);
    else if ('f1' in value) yield absolute(name, listed(one as Agreed), listed(value as Agreed), TOLERANCE);
    else {
      const wanted = value as Readonly<Record<string, Agreed>>;
      const found = one as Readonly<Record<string, Agreed>>;
      yield exact(`${name}: names`, Object.keys(found).sort(), Object.keys(wanted).sort());
      for (const key of Object.keys(wanted))
        if (found[key]) yield absolute(`${name}: ${key}`, listed(found[key]), listed(wanted[key]!), TOLERANCE);
    }
  }
}

function* checkCases(spec: Cases): Generator<Measure> {
  yield* checkRewards(spec);
  yield exact('kinds of relations', [...relationKinds].sort(), Object.keys(spec.agreement.relations_by_kind ?? {}).sort());
  yield* checkAgreement(spec);
}

export const radGraphChecker: Checker = fileChecker('radgraph', { cases: checkCases });

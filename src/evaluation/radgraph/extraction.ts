/** How well entities and relations are found: F1 in the paper's ways, with intervals over reports. */

import type { AnnotatorAgreement, SetAgreement } from '../../systems';
import { type AnnotatedTwice, annotatorAgreement, radGraphLabels, relationKinds } from '../../systems';
import type { BootstrapOptions, Estimate } from '../estimate';
import { estimateOf, type SummedMeasure } from '../summed';

/** F1 of entities and relations. Micro adds counts of all classes up; macro is the mean over classes that either side has. */
export interface ExtractionScores {
  readonly reports: number;
  /** By name, fractions. */
  readonly measures: Readonly<Record<string, Estimate>>;
  /** How many the second side has of what each measure of a class counts. */
  readonly counts: Readonly<Record<string, number>>;
  /** Over all reports. */
  readonly kappa: { readonly tokens: number; readonly markedTokens: number; readonly relations: number };
}

export const EXTRACTION_DEFINITIONS: Readonly<Record<string, string>> = {
  entities:
    'an entity is right where first and last token and class are; micro-F1 adds counts up over reports and classes, macro-F1 is the mean over classes',
  relations:
    'a relation is right where both places and both classes of its ends, and its kind, are; "places" asks for the places and the kind alone, as DyGIE++ counts',
  kappa:
    "Cohen's kappa over tokens by the class that covers them, over those that either side marked, and over pairs of places that both marked by their relation",
};

const AND = (of: SetAgreement): number[] => [of.shared, of.first + of.second];
const f1 = (shared: number, both: number): number => (both > 0 ? (2 * shared) / both : 0);

/** @param pairs what was found, or one annotator, and gold, or the other; of the same tokens each */
export function extractionScores(pairs: readonly AnnotatedTwice[], bootstrap: BootstrapOptions): ExtractionScores {
  const each = pairs.map((pair) => annotatorAgreement([pair]));
  const all = annotatorAgreement(pairs);
  const labels = Object.keys(all.entitiesByLabel);
  const ordered = [
    ...radGraphLabels.filter((label) => labels.includes(label)),
    ...labels.filter((label) => !radGraphLabels.some((own) => own === label)),
  ];
  const single = (name: string, of: (one: AnnotatorAgreement) => SetAgreement | undefined): SummedMeasure => ({
    name,
    rows: each.map((one) => AND(of(one) ?? NOTHING)),
    value: ([shared, both]) => f1(shared!, both!),
  });
  const macro = (
    name: string,
    classes: readonly string[],
    of: (one: AnnotatorAgreement) => Readonly<Record<string, SetAgreement>>,
  ): SummedMeasure => ({
    name,
    rows: each.map((one) => classes.flatMap((label) => AND(of(one)[label] ?? NOTHING))),
    value: (sums) => {
      const there = classes.flatMap((_, k) => (sums[2 * k + 1]! > 0 ? [f1(sums[2 * k]!, sums[2 * k + 1]!)] : []));
      return there.reduce((a, b) => a + b, 0) / Math.max(1, there.length);
    },
  });
  const measures = [
    single('entities micro', (one) => one.entities),
    macro('entities macro', ordered, (one) => one.entitiesByLabel),
    ...ordered.map((label) => single(label, (one) => one.entitiesByLabel[label])),
    single('relations micro', (one) => one.relationsWithLabels),
    macro('relations macro', relationKinds, (one) => one.relationsWithLabelsByKind),
    ...relationKinds.map((kind) => single(kind, (one) => one.relationsWithLabelsByKind[kind])),
    single('relations micro, places', (one) => one.relations),
  ];
  return {
    reports: pairs.length,
    measures: Object.fromEntries(measures.map((measure) => [measure.name, estimateOf(measure, bootstrap)])),
    counts: Object.fromEntries([
      ...ordered.map((label) => [label, all.entitiesByLabel[label]!.second]),
      ...relationKinds.map((kind) => [kind, all.relationsWithLabelsByKind[kind]!.second]),
    ]),
    kappa: { tokens: all.kappaTokens, markedTokens: all.kappaMarkedTokens, relations: all.kappaRelations },
  };
}

const NOTHING: SetAgreement = { shared: 0, first: 0, second: 0, precision: 0, recall: 0, f1: 0 };

/** Measures of reports against bert-score's matching and scikit-learn's F1 in the manner of CheXbert. */

import { join } from 'node:path';
import { readSafetensors } from '../files';
import {
  bertScore,
  chexbertFive,
  cohenKappa,
  exactMatch,
  hammingLoss,
  inverseDocumentFrequencies,
  type LabelScore,
  type LabelScores,
  labelScores,
  MENTION,
  presentIn,
  rescaled,
} from '../metrics';
import type { Checker, Measure } from './checker';
import { absolute, exact, unsupported } from './measure';
import { fileChecker } from './one-file';

const MATCHING = 1e-5;
const COUNTED = 1e-9;

interface BertScoreCases {
  readonly reference_ids: readonly (readonly number[])[];
  readonly candidate_ids: readonly (readonly number[])[];
  readonly cls: number;
  readonly sep: number;
  readonly baseline: readonly number[];
  readonly idf: Readonly<Record<string, number>>;
  readonly cases: readonly {
    readonly weights: 'plain' | 'idf';
    readonly pair: number;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
    readonly rescaled: readonly number[];
  }[];
}

async function* checkBertScore(spec: BertScoreCases, folder: string): AsyncGenerator<Measure> {
  const fixture = await readSafetensors(join(folder, 'bertscore.safetensors'));
  const rarity = inverseDocumentFrequencies(spec.reference_ids);
  const tokens = Object.keys(spec.idf);
  yield absolute(
    'inverse document frequencies',
    tokens.map((token) => rarity.get(Number(token)) ?? Number.NaN),
    tokens.map((token) => spec.idf[token]!),
    COUNTED,
  );
  const unseen = Math.log(spec.reference_ids.length + 1);
  const weightOf = (kind: 'plain' | 'idf', token: number): number =>
    kind === 'idf' ? (rarity.get(token) ?? unseen) : Number(token !== spec.cls && token !== spec.sep);
  for (const one of spec.cases) {
    const text = (side: 'reference' | 'candidate'): Parameters<typeof bertScore>[0] => {
      const { shape, data } = fixture[`${one.pair}.${side}`]!;
      const weights = spec[`${side}_ids`][one.pair]!.map((token) => weightOf(one.weights, token));
      return { embeddings: data as Float32Array, width: shape[1]!, weights };
    };
    const { precision, recall, f1 } = bertScore(text('candidate'), text('reference'));
    const name = `${one.weights} ${one.pair}`;
    yield absolute(`${name}: precision, recall, F1`, [precision, recall, f1], [one.precision, one.recall, one.f1], MATCHING);
    const scaled = [precision, recall, f1].map((value, i) => rescaled(value, spec.baseline[i]!));
    yield absolute(`${name}: rescaled`, scaled, one.rescaled, MATCHING);
  }
}

type Scores = Pick<LabelScore, 'precision' | 'recall' | 'f1'>;

interface ChexbertCases {
  readonly classes: readonly string[];
  readonly five: readonly string[];
  readonly reference_labels: readonly (readonly number[])[];
  readonly predicted_labels: readonly (readonly number[])[];
  /** By `<rule>/<number of classes>`. */
  readonly results: Readonly<Record<string, Readonly<Record<string, Scores | number | Readonly<Record<string, LabelScore>>>>>>;
  readonly f1_of_each_mention_kind_by_class: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly cohen_kappa_by_class: Readonly<Record<string, number>>;
}

const triple = ({ precision, recall, f1 }: Scores): number[] => [precision, recall, f1];

function* checkChexbert(spec: ChexbertCases): Generator<Measure> {
  yield exact('the five classes', chexbertFive, spec.five);
  const { classes } = spec;
  for (const [name, want] of Object.entries(spec.results)) {
    const [rule, count] = name.split('/') as [string, string];
    const uncertain = rule === 'uncertain_as_positive' ? 'positive' : 'negative';
    const columns = (count === '5' ? chexbertFive : classes).map((one) => classes.indexOf(one));
    const pick = (table: readonly (readonly number[])[]): number[][] =>
      presentIn(table, uncertain).map((row) => columns.map((j) => row[j]!));
    const [truth, said] = [pick(spec.reference_labels), pick(spec.predicted_labels)];
    const scores: LabelScores = labelScores(truth, said);
    for (const [quantity, value] of Object.entries(want)) {
      const where = `${name}: ${quantity}`;
      if (quantity === 'per_class') {
        const wanted = columns.map((j) => (value as Readonly<Record<string, LabelScore>>)[classes[j]!]!);
        const list = (all: readonly LabelScore[]): number[] => all.flatMap((one) => [...triple(one), one.support]);
        yield absolute(where, list(scores.perLabel), list(wanted), COUNTED);
      } else if (quantity === 'exact_match_accuracy') yield absolute(where, [exactMatch(truth, said)], [value as number], COUNTED);
      else if (quantity === 'mean_accuracy_per_report') yield absolute(where, [1 - hammingLoss(truth, said)], [value as number], COUNTED);
      else if (quantity in scores) yield absolute(where, triple(scores[quantity as 'micro']), triple(value as Scores), COUNTED);
      else yield unsupported(where);
    }
  }
  const column = (table: readonly (readonly number[])[], j: number): number[] => table.map((row) => row[j]!);
  for (const [mention, byClass] of Object.entries(spec.f1_of_each_mention_kind_by_class)) {
    const kind = MENTION[mention as keyof typeof MENTION];
    const got = Object.keys(byClass).map((name) => {
      const j = classes.indexOf(name);
      const is = (table: readonly (readonly number[])[]): number[][] => column(table, j).map((value) => [Number(value === kind)]);
      return labelScores(is(spec.reference_labels), is(spec.predicted_labels)).macro.f1;
    });
    yield absolute(`F1 of ${mention} mentions by class`, got, Object.values(byClass), COUNTED);
  }
  const kappas = Object.keys(spec.cohen_kappa_by_class).map((name) => {
    const j = classes.indexOf(name);
    return cohenKappa(column(spec.reference_labels, j), column(spec.predicted_labels, j));
  });
  yield absolute("Cohen's kappa by class", kappas, Object.values(spec.cohen_kappa_by_class), COUNTED);
}

export const reportsChecker: Checker = fileChecker('reports', { bertscore: checkBertScore, chexbert: checkChexbert });

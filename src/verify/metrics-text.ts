/** Measures of texts against pycocoevalcap, nltk, rouge-score and torchmetrics. */

import {
  bleu,
  ciderD,
  editDistance,
  errorRate,
  meteor,
  porterStem,
  type Rouge,
  reportTokens,
  rougeL,
  rougeN,
  type TextPair,
} from '../metrics';
import type { Checker, Measure } from './checker';
import { absolute, exact, unsupported } from './measure';
import { fileChecker } from './one-file';

type Row = Readonly<Record<string, number | string>>;

interface Cases {
  readonly pairs: readonly Row[];
  readonly corpus: Readonly<Record<string, number>>;
}

const TOLERANCE = 1e-6;
/** The COCO evaluation's ROUGE weighs recall more. */
const COCO_BETA = 1.2;

const stemmed = (tokens: readonly string[]): string[] => tokens.map((token) => (token.length > 3 ? porterStem(token) : token)); // as rouge-score does
const characters = (tokens: readonly string[]): string => tokens.join(' ');

/** What each column of a pair is. */
function columnsOf(pair: TextPair, cider: number): Record<string, number> {
  const { candidate, reference } = pair;
  const bleus = bleu([pair]);
  const rouges: Readonly<Record<string, Rouge>> = { rouge1: rougeN(pair, 1), rouge2: rougeN(pair, 2), rougeL: rougeL(pair) };
  const [a, b] = [characters(candidate), characters(reference)];
  return {
    ...Object.fromEntries(bleus.map((value, i) => [`bleu${i + 1}_pycocoevalcap`, value])),
    ...Object.fromEntries(
      Object.entries(rouges).flatMap(([name, { precision, recall, f }]) => [
        [`${name}_precision`, precision],
        [`${name}_recall`, recall],
        [`${name}_fmeasure`, f],
      ]),
    ),
    rougeL_pycocoevalcap: rougeL(pair, COCO_BETA).f,
    rougeL_stemmed_fmeasure: rougeL({ candidate: stemmed(candidate), reference: stemmed(reference) }).f,
    cider_d_pycocoevalcap: cider,
    meteor_nltk_exact_and_porter_stem: meteor(pair),
    levenshtein_characters: editDistance(a, b),
    levenshtein_words: editDistance(candidate, reference),
    damerau_osa_characters: editDistance(a, b, { transpositions: true }),
  };
}

function corpusOf(pairs: readonly TextPair[], ciders: readonly number[]): Record<string, number> {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const numbered = (values: readonly number[], name: string): Record<string, number> =>
    Object.fromEntries(values.map((value, i) => [`bleu${i + 1}_${name}`, value]));
  return {
    ...numbered(bleu(pairs), 'pycocoevalcap'),
    ...numbered(bleu(pairs, { smoothing: 'nltk' }), 'nltk_no_smoothing'),
    bleu4_nltk_method1: bleu(pairs, { smoothing: 'nltk-epsilon' })[3]!,
    'rougeL_pycocoevalcap_beta1.2': mean(pairs.map((pair) => rougeL(pair, COCO_BETA).f)),
    cider_d_pycocoevalcap: mean(ciders),
    word_error_rate_torchmetrics: errorRate(pairs),
    char_error_rate_torchmetrics: errorRate(
      pairs.map(({ candidate, reference }) => ({ candidate: characters(candidate), reference: characters(reference) })),
    ),
  };
}

/** METEOR 1.5 takes synonyms and paraphrases from tables that are not here. */
const isInformation = (name: string): boolean => name.startsWith('meteor_1.5_java');

function* checkText({ pairs: rows, corpus }: Cases): Generator<Measure> {
  const pairs = rows.map(({ candidate, reference }) => ({
    candidate: reportTokens(String(candidate)),
    reference: reportTokens(String(reference)),
  }));
  for (const side of ['candidate', 'reference'] as const)
    yield exact(
      `normalised ${side}s`,
      pairs.map((pair) => characters(pair[side])),
      rows.map((row) => String(row[`${side}_normalised`])),
    );
  const ciders = ciderD(pairs);
  const columns = pairs.map((pair, i) => columnsOf(pair, ciders[i]!));
  const names = Object.entries(rows[0] ?? {}).flatMap(([name, value]) => (typeof value === 'number' && !isInformation(name) ? [name] : []));
  for (const name of names) {
    const want = rows.map((row) => row[name] as number);
    if (!(name in columns[0]!)) yield unsupported(name);
    else
      yield absolute(
        name,
        columns.map((column) => column[name]!),
        want,
        TOLERANCE,
      );
  }
  const got = corpusOf(pairs, ciders);
  for (const [name, want] of Object.entries(corpus))
    if (!isInformation(name)) yield name in got ? absolute(`all texts: ${name}`, [got[name]!], [want], TOLERANCE) : unsupported(name);
}

export const metricsTextChecker: Checker = fileChecker('metrics', { text: checkText });

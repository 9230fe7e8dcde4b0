/** What is measured of texts against their references: words in common, and labels in common. */

import { type BertScore, chexbertFive, ciderD, meteor, reportTokens, rougeL } from '../metrics';
import { bleuCounts, bleuOfCounts } from '../metrics/internal';
import { labelClasses, labelReport } from '../reports';
import type { Estimate } from './estimate';
import { meanOf, type SummedMeasure } from './summed';

/** A text that was written or found, and the one that belongs there. */
export interface ComparedText {
  readonly candidate: string;
  readonly reference: string;
}

const TOKENS = 'tokens are runs of letters and digits in lower case; v1';

/** As the paper prints fractions. */
export const inHundredths = ({ value, low, high }: Estimate): Estimate => ({ value: 100 * value, low: 100 * low, high: 100 * high });

/** Of `wordMeasures`, by name. */
export const WORD_DEFINITIONS: Readonly<Record<string, string>> = {
  'BLEU-1 to BLEU-4': `BLEU of the whole set (Papineni et al. 2002) as the COCO caption evaluation computes it, one reference; ${TOKENS}`,
  'ROUGE-L': `mean F of the longest common subsequence (Lin 2004), β 1, over texts; ${TOKENS}`,
  METEOR: `mean over texts of METEOR with words and stems, without synonyms (NLTK's parameters); ${TOKENS}`,
  CIDEr: `mean over texts of CIDEr-D (Vedantam et al. 2015), 0 to 10, rarity from the references measured on, which the bootstrap holds fixed; ${TOKENS}`,
};

const ORDER = 4;

/** BLEU-1 to BLEU-4, ROUGE-L, METEOR and CIDEr. */
export function wordMeasures(texts: readonly ComparedText[]): SummedMeasure[] {
  const pairs = texts.map(({ candidate, reference }) => ({ candidate: reportTokens(candidate), reference: reportTokens(reference) }));
  const rows = pairs.map((pair) => {
    const { matches, ngrams, candidate, reference } = bleuCounts(pair, ORDER);
    return [...matches, ...ngrams, candidate, reference];
  });
  const bleuOf = (sums: Float64Array): number[] =>
    bleuOfCounts(
      {
        matches: [...sums.subarray(0, ORDER)],
        ngrams: [...sums.subarray(ORDER, 2 * ORDER)],
        candidate: sums[2 * ORDER]!,
        reference: sums[2 * ORDER + 1]!,
      },
      'coco',
    );
  return [
    ...Array.from({ length: ORDER }, (_, i): SummedMeasure => ({ name: `BLEU-${i + 1}`, rows, value: (sums) => bleuOf(sums)[i]! })),
    meanOf(
      'ROUGE-L',
      pairs.map((pair) => rougeL(pair).f),
    ),
    meanOf(
      'METEOR',
      pairs.map((pair) => meteor(pair)),
    ),
    meanOf('CIDEr', ciderD(pairs)),
  ];
}

/** BERTScore as a measure: the mean of F1 over texts. */
export const bertMeasure = (scores: readonly BertScore[]): SummedMeasure =>
  meanOf(
    'BERTScore',
    scores.map(({ f1 }) => f1),
  );

/** Which classes count, and what an uncertain mention is. */
export interface LabelF1 {
  readonly average: 'micro' | 'macro';
  readonly classes: 5 | 14;
  readonly uncertain: 'positive' | 'not positive';
}

export const labelF1Name = ({ average, classes, uncertain }: LabelF1): string => `F1 ${average} of ${classes}, uncertain ${uncertain}`;

/** The one that stands in the paper's table as "cXb". */
export const PAPER_F1: LabelF1 = { average: 'micro', classes: 5, uncertain: 'positive' };

/** All eight, the paper's first. */
export const LABEL_F1: readonly LabelF1[] = ([5, 14] as const).flatMap((classes) =>
  (['positive', 'not positive'] as const).flatMap((uncertain) =>
    (['micro', 'macro'] as const).map((average) => ({ average, classes, uncertain })),
  ),
);

/** Of `labelMeasures`. */
export const LABEL_DEFINITION: string =
  `F1 of CheXpert's labels, read out of written and reference text by this project's rules ("labelReport", not CheXbert's network): micro from the counts of all ` +
  `classes together, macro as the mean over classes, where a class without any mention counts 0; of ${chexbertFive.join(', ')} or of all 14; an uncertain mention ` +
  `counts as positive or as not positive, as each column says; v1`;

/** F1 of labels in the eight ways. */
export function labelMeasures(texts: readonly ComparedText[]): SummedMeasure[] {
  const all = labelClasses('chexpert');
  const labels = texts.map(({ candidate, reference }) => ({ said: labelReport(candidate).labels, truth: labelReport(reference).labels }));
  return LABEL_F1.map((kind): SummedMeasure => {
    const classes = kind.classes === 5 ? chexbertFive : all;
    const isThere = (value: unknown): boolean => value === 1 || (value === -1 && kind.uncertain === 'positive');
    const rows = labels.map(({ said, truth }) =>
      classes.flatMap((label) => {
        const [t, s] = [isThere(truth[label]), isThere(said[label])];
        return [Number(t && s), Number(t) + Number(s)]; // hits, and what F1 divides twice their number by
      }),
    );
    return { name: labelF1Name(kind), rows, value: (sums) => (kind.average === 'micro' ? microF1(sums) : macroF1(sums)) };
  });
}

const ratio = (hits: number, named: number): number => (named > 0 ? (2 * hits) / named : 0);

function microF1(sums: Float64Array): number {
  let [hits, named] = [0, 0];
  for (let k = 0; k < sums.length; k += 2) {
    hits += sums[k]!;
    named += sums[k + 1]!;
  }
  return ratio(hits, named);
}

function macroF1(sums: Float64Array): number {
  let total = 0;
  for (let k = 0; k < sums.length; k += 2) total += ratio(sums[k]!, sums[k + 1]!);
  return total / (sums.length / 2);
}

/** Classes that no reference has as positive or uncertain. */
export function absentClasses(references: readonly string[]): string[] {
  const labels = references.map((text) => labelReport(text).labels);
  return labelClasses('chexpert').filter((label) => !labels.some((row) => row[label] === 1 || row[label] === -1));
}

/** What is measured of CXR-LLaVA's reports: findings that both texts settle, how many that are, and findings as the image shows them. */

import type { ImageRecord } from '../../datasets';
import { labelReport } from '../../reports';
import { findingsOf, NAMED_FINDINGS } from '../../systems';
import type { SummedMeasure } from '../summed';
import { type ComparedText, wordMeasures } from '../text-measures';

export const DEFINITE = 'F1 of definite pairs';
export const COVERAGE = 'coverage';
export const TRUTH = 'F1 against the labels';
export const BLEU = 'BLEU-4';

export const DEFINITIONS: Readonly<Record<string, string>> = {
  [DEFINITE]:
    `micro-F1 of ${Object.values(NAMED_FINDINGS).join(', ')} over pairs that both texts say to be there or not, as the paper has it, by this project's rules for CheXpert's ` +
    'labels ("labelReport"): what a report does not speak of costs it nothing; v1',
  [COVERAGE]: 'share of what the reference says of these findings that the report says anything definite of; v1',
  [TRUTH]: 'micro-F1 of the same findings against the images’ own labels, where silence counts as absence; v1',
};

const CLASSES = Object.keys(NAMED_FINDINGS);

const ratio = (hits: number, others: number): number => (hits + others > 0 ? (2 * hits) / (2 * hits + others) : 0);

/** Of reports of images, in the records' order. */
export function reportMeasures(reports: readonly string[], records: readonly ImageRecord[]): SummedMeasure[] {
  const pairs: number[][] = [];
  const against: number[][] = [];
  reports.forEach((report, i) => {
    const said = labelReport(report).labels;
    const reference = labelReport(findingsOf(records[i]!) ?? '').labels;
    const { labels } = records[i]!;
    const [own, shown] = [
      [0, 0, 0, 0],
      [0, 0],
    ];
    for (const label of CLASSES) {
      const [s, r] = [said[label], reference[label]];
      const isDefinite = (value: unknown): boolean => value === 0 || value === 1;
      if (isDefinite(r)) {
        own[2]!++;
        if (isDefinite(s)) {
          own[3]!++;
          if (s === 1 && r === 1) own[0]!++;
          else if (s === 1 || r === 1) own[1]!++;
        }
      }
      if (labels[label] === undefined) continue;
      if (s === 1 && labels[label] === 1) shown[0]!++;
      else if ((s === 1) !== (labels[label] === 1)) shown[1]!++;
    }
    pairs.push(own);
    against.push(shown);
  });
  const texts = reports.map((candidate, i): ComparedText => ({ candidate, reference: findingsOf(records[i]!) ?? '' }));
  return [
    { name: DEFINITE, rows: pairs, value: ([hits, others]) => ratio(hits!, others!) },
    { name: COVERAGE, rows: pairs, value: ([, , said, both]) => (said! > 0 ? both! / said! : 0) },
    { name: TRUTH, rows: against, value: ([hits, others]) => ratio(hits!, others!) },
    ...wordMeasures(texts).filter(({ name }) => name === BLEU),
  ];
}

/** The same F1 of a classifier: a finding is there where its probability is above the threshold. */
export function classifierMeasure(
  probabilities: Readonly<Record<string, Float32Array>>,
  thresholds: Readonly<Record<string, number>>,
  records: readonly ImageRecord[],
): SummedMeasure {
  const rows = records.map(({ labels }, i) => {
    const counts = [0, 0];
    for (const label of CLASSES) {
      if (labels[label] === undefined || !probabilities[label]) continue;
      const isSaid = probabilities[label][i]! > thresholds[label]!;
      if (isSaid && labels[label] === 1) counts[0]!++;
      else if (isSaid !== (labels[label] === 1)) counts[1]!++;
    }
    return counts;
  });
  return { name: TRUTH, rows, value: ([hits, others]) => ratio(hits!, others!) };
}

/** Of each finding the threshold with the largest F1 on images that it was trained on. */
export function thresholdsOf(
  probabilities: Readonly<Record<string, Float32Array>>,
  records: readonly ImageRecord[],
): Record<string, number> {
  return Object.fromEntries(
    CLASSES.filter((label) => probabilities[label]).map((label) => {
      const known = records.flatMap(({ labels }, i) =>
        labels[label] === undefined ? [] : [[probabilities[label]![i]!, labels[label]] as const],
      );
      const positive = known.filter(([, value]) => value === 1).length;
      let [best, threshold, hits] = [-1, 0.5, 0];
      [...known]
        .sort(([a], [b]) => b - a)
        .forEach(([p, value], at) => {
          hits += value;
          const f1 = ratio(hits, at + 1 - hits + positive - hits);
          if (f1 > best) [best, threshold] = [f1, p * (1 - 1e-6)];
        });
      return [label, threshold];
    }),
  );
}

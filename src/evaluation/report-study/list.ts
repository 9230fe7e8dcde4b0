/** One reader's list of a study of reports: all pairs in an order and with sides of the reader's own, each asked for by three criteria in a row. */

import { createHash } from 'node:crypto';
import { foldIn, type Key } from '../../engine';
import { permutation } from '../../engine/internal';
import { hashOf } from '../hash-of';
import { checkReader } from '../reader-study/reader-list';
import type { ServedItem, ServedPart } from '../reader-study/server';
import type { ReportPair } from './file';

/** Which of two reports says more of what is there, less that is not, and no more words than it needs (arXiv:2401.12208, section on radiologists). */
export const reportCriteria = ['completeness', 'correctness', 'conciseness'] as const;
export type ReportCriterion = (typeof reportCriteria)[number];

const QUESTIONS: Readonly<Record<ReportCriterion, string>> = {
  completeness: 'Which report tells more of what matters in the images?',
  correctness: 'Which report is more correct?',
  conciseness: 'Which report is more concise, without leaving out what matters?',
};

/** The wording is ours: the paper's scale has five points, from one report to the other. */
export const reportPart: ServedPart = {
  scale: 'reports',
  title: 'Two reports',
  question: '',
  instruction:
    'Images stand beside two reports, A and B, of which one was written by a radiologist and one by a network. Say of each pair which report is more complete, more correct and more concise. Which of them is A changes from pair to pair.',
  anchors: ['A, clearly', 'A, slightly', 'No difference', 'B, slightly', 'B, clearly'],
};

export interface ReportItem extends ServedItem {
  /** Its place in the study. */
  readonly pair: number;
  readonly criterion: ReportCriterion;
  readonly question: string;
  /** Whether the candidate is B. */
  readonly candidateIsB: boolean;
}

/** Of a study's pairs: ratings belong to it. */
export const studyIdentity = (pairs: readonly ReportPair[]): string => hashOf([1, pairs]).slice(0, 32);

/**
 * The list follows from pairs and name, so that it is the same after a break.
 *
 * @throws RangeError where the name can't be a reader's
 */
export function reportList(pairs: readonly ReportPair[], reader: string): ReportItem[] {
  checkReader(reader);
  const identity = studyIdentity(pairs);
  const hash = (...what: (string | number)[]): string =>
    createHash('sha256')
      .update(JSON.stringify([identity, reader, ...what]))
      .digest('hex');
  const words = Buffer.from(hash('order'), 'hex');
  const key: Key = [words.readUInt32BE(0), words.readUInt32BE(4)];
  const sides = permutation(foldIn(key, 1), pairs.length);
  return Array.from(permutation(foldIn(key, 0), pairs.length)).flatMap((pair, i) => {
    const images = pairs[pair]!.images.map((_, side) => hash(pair, 'image', side).slice(0, 24));
    return reportCriteria.map(
      (criterion): ReportItem => ({
        id: hash(pair, criterion).slice(0, 24),
        scale: reportPart.scale,
        images,
        pair,
        criterion,
        question: QUESTIONS[criterion],
        candidateIsB: sides[i]! % 2 === 0, // half of them
      }),
    );
  });
}

/** -2 to 2, above 0 where the candidate is the better one. */
export const reportScore = ({ candidateIsB }: ReportItem, choice: number): number => (candidateIsB ? choice - 3 : 3 - choice);

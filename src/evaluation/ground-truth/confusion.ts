/** Confusion tables: what was asked for against what a network reads. */

import type { FindingKind } from '../../datasets';
import { type Estimate, shareOf } from '../estimate';
import type { Attribute, Question } from './questions';

/** One question's answers in one set of images. */
export interface AttributeConfusion {
  readonly set: string;
  readonly attribute: Attribute;
  readonly finding?: FindingKind;
  readonly answers: readonly string[];
  /** Images by what is asked (rows) and read (columns). */
  readonly counts: readonly (readonly number[])[];
}

/**
 * @param asked         an answer's number for each image, -1 where none is asked for
 * @param probabilities [images, answers], row-major; the likeliest is what is read
 */
export function confusionOf(set: string, question: Question, asked: readonly number[], probabilities: Float32Array): AttributeConfusion {
  const { attribute, finding, head } = question;
  const K = head.answers.length;
  const counts = head.answers.map(() => head.answers.map(() => 0));
  asked.forEach((answer, i) => {
    if (answer < 0) return;
    let read = 0;
    for (let k = 1; k < K; k++) if (probabilities[i * K + k]! > probabilities[i * K + read]!) read = k;
    counts[answer]![read]!++;
  });
  return { set, attribute, ...(finding && { finding }), answers: head.answers, counts };
}

/** How many images are asked for each answer. */
export const askedCounts = ({ counts }: AttributeConfusion): number[] => counts.map((row) => row.reduce((a, b) => a + b, 0));

/** Sums over questions with the same answers. */
export function accuracyOf(confusions: readonly AttributeConfusion[]): { readonly asked: number; readonly correct: Estimate | null } {
  let [hits, asked] = [0, 0];
  for (const { counts } of confusions)
    counts.forEach((row, a) => {
      hits += row[a]!;
      asked += row.reduce((x, y) => x + y, 0);
    });
  return { asked, correct: asked === 0 ? null : shareOf(hits, asked) };
}

/** The mean over the answers that are asked for of the share that is read as such. */
export function balancedAccuracyOf(confusion: AttributeConfusion): number {
  const asked = askedCounts(confusion);
  const shares = confusion.counts.flatMap((row, a) => (asked[a] === 0 ? [] : [row[a]! / asked[a]!]));
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}

/** The share of the answer that is asked for most: what one who never looks is right in. */
export function mostFrequent(confusions: readonly AttributeConfusion[]): Estimate | null {
  const most = confusions.reduce((sum, each) => sum + Math.max(...askedCounts(each)), 0);
  const { asked } = accuracyOf(confusions);
  return asked === 0 ? null : shareOf(most, asked);
}

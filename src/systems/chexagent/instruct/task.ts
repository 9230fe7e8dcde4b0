/** What a task makes of a record. */

import type { Draws } from '../../../datasets/internal';
import type { InstructSource } from './source';

/** An instruction before its options have an order and letters. */
export interface Draft {
  /** Records whose images are shown, in order; none where the task is one of texts. */
  readonly images: readonly number[];
  readonly question: string;
  /** Without options: what is to be answered. */
  readonly answer: string;
  /** With options, the answer among them: what else there is to choose from, one to three. */
  readonly wrong?: readonly string[];
  /** Options keep an order of their own, such as yes and no. */
  readonly inOrder?: readonly string[];
  /** The text that is given. */
  readonly text?: string;
}

export interface Task {
  readonly name: string;
  /** Tasks with one order go through the records alike, so that what they need of a record and takes long is worked out once. */
  readonly order?: 'boxes';
  /** Of a record, or nothing where it gives none. */
  make(source: InstructSource, i: number, random: Draws): Draft | undefined;
}

/** Another record, of another patient, that is fit; undefined where a few tries find none. */
export function another({ records }: InstructSource, i: number, random: Draws, isFit: (j: number) => boolean): number | undefined {
  for (let tries = 0; tries < 24; tries++) {
    const j = Math.floor(random.uniform(0, records.length));
    if (records[j]!.patient !== records[i]!.patient && isFit(j)) return j;
  }
  return undefined;
}

/** As many items in an order that is drawn. */
export function some<T>(items: readonly T[], count: number, random: Draws): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0 && out.length < count)
    out.push(...left.splice(Math.min(left.length - 1, Math.floor(random.uniform(0, left.length))), 1));
  return out;
}

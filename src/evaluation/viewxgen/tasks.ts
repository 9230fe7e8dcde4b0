/** What is asked of the networks: the report from some of a study's views, and a view from the report and some others. */

import type { ViewStudy } from '../../systems';
import type { StudyReadings } from '../networks/study-reader';
import type { SummedMeasure } from '../summed';
import { type ComparedText, labelF1Name, labelMeasures, wordMeasures } from '../text-measures';

/** "k of n": studies with n views, of which the first k take part. */
export interface KofN {
  readonly k: number;
  readonly n: number;
}

/** All that studies of at most so many views allow, in the paper's order. */
export const kOfN = (most: number): KofN[] =>
  Array.from({ length: most }, (_, i) => i + 1).flatMap((n) => Array.from({ length: n }, (_, j) => ({ k: j + 1, n })));

/** The studies of a row, by their numbers. */
export const studiesOf = (studies: readonly ViewStudy[], { n }: KofN): number[] =>
  studies.flatMap(({ images }, i) => (images.length === n ? [i] : []));

export const nameOf = ({ k, n }: KofN): string => `${k} of ${n}`;

/** What was written of a row's studies. */
export interface Written {
  readonly row: KofN;
  readonly measures: readonly SummedMeasure[];
}

/** What was drawn of a row's studies: their first view. */
export interface Drawn {
  readonly row: KofN;
  readonly studies: readonly number[];
  readonly read: StudyReadings;
}

export interface Task {
  /** Who did it. */
  readonly by: string;
  readonly reports: readonly Written[];
  readonly views: readonly Drawn[];
}

/** By which reports are compared: F1 of all labels. */
export const F1: string = labelF1Name({ average: 'micro', classes: 14, uncertain: 'positive' });

export const written = (row: KofN, pairs: readonly ComparedText[]): Written => ({
  row,
  measures: [...wordMeasures(pairs), ...labelMeasures(pairs)],
});

export const measureOf = (measures: readonly SummedMeasure[], name: string): SummedMeasure =>
  measures.find((measure) => measure.name === name)!;

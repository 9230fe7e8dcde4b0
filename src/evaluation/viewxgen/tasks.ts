/** What is asked of the networks: the report from some of a study's views, and a view from the report and some others. */

import type { ViewStudy } from '../../systems';

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

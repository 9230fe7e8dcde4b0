/** Instruction data: a patient's prior image, words for what changed, and the later image. */

import { type Dataset, subset } from '../../../datasets';

/** Triples by index. Plain data: holding them holds no file open. */
export interface Journeys {
  readonly name: string;
  readonly credit: string;
  readonly length: number;
  /** What was left out and why, one sentence each, with counts and without texts. */
  readonly notes: readonly string[];
  /** What changed from prior to later, in words; never empty. Not for logs. */
  readonly instructions: readonly string[];
  /** Image i of each belongs to instruction i. */
  readonly priors: Dataset;
  readonly laters: Dataset;
  /** The prior image with the later findings and nothing else changed: of the phantom alone. */
  readonly exact?: Dataset;
}

/** One pair of a data set's images. */
export interface Pair {
  readonly prior: number;
  readonly later: number;
  readonly instruction: string;
}

/**
 * The triples of a data set's own images.
 *
 * @throws RangeError where there are none, with what was left out
 */
export function journeysOf(dataset: Dataset, pairs: readonly Pair[], notes: readonly string[]): Journeys {
  if (pairs.length === 0)
    throw new RangeError(`${dataset.name}: has no pair of one patient's images to learn from. ${notes.join(' ')}`.trim());
  const { name, credit } = dataset;
  return {
    name,
    credit,
    length: pairs.length,
    notes,
    instructions: pairs.map(({ instruction }) => instruction),
    priors: subset(
      dataset,
      pairs.map(({ prior }) => prior),
    ),
    laters: subset(
      dataset,
      pairs.map(({ later }) => later),
    ),
  };
}

/**
 * Some of the triples, in the order of the indices.
 *
 * @throws RangeError where an index is not there
 */
export function someJourneys(journeys: Journeys, indices: ArrayLike<number>): Journeys {
  const { priors, laters, exact, instructions } = journeys;
  return {
    ...journeys,
    length: indices.length,
    priors: subset(priors, indices),
    laters: subset(laters, indices),
    ...(exact && { exact: subset(exact, indices) }),
    instructions: Array.from(indices, (i) => instructions[i]!),
  };
}

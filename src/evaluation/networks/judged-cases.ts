/** What both forms of the classifier two-sample test share: which images are judged by which classifier, and what comes of the scores. */

import { foldIn, type Key, split } from '../../engine';
import { permutation } from '../../engine/internal';
import { auroc } from '../../metrics';
import { bootstrap, type Estimate, shareOf } from '../estimate';
import { rowsByName } from '../rows';

export interface TwoSampleOptions {
  readonly key: Key;
  /** Parts, each of which is judged by a classifier of the others; default 2. */
  readonly folds?: number;
  /** What is kept in one part, such as the patient, for each image of both sets; by default each image is alone. */
  readonly groups?: readonly [real: readonly string[], generated: readonly string[]];
}

export interface TwoSample {
  /** Share of images that are told right, with Wilson's interval; 0.5 is chance. */
  readonly accuracy: Estimate;
  /** That a generated image looks more like one than a real one does, with a bootstrap interval over images; 0.5 is chance. */
  readonly auroc: Estimate;
  /** Images of each set: those of the larger one that are more than the other has are left out by chance. */
  readonly images: number;
}

/** An image that is judged: its row in its set, 1 where it is generated, and its part. */
export interface Case {
  readonly row: number;
  readonly generated: 0 | 1;
  readonly fold: number;
}

const LEAST = 8;

/** Which images take part, as many of both sets, and in which part. */
export function casesOf(real: number, generated: number, { key, folds = 2, groups }: TwoSampleOptions): Case[] {
  const images = Math.min(real, generated);
  if (images < LEAST) throw new RangeError(`two-sample test: expected at least ${LEAST} images of both sets, got ${real} and ${generated}`);
  if (!Number.isInteger(folds) || folds < 2 || folds > images)
    throw new RangeError(`two-sample test: folds: expected an integer from 2 to ${images}, got ${folds}`);
  for (const [i, count] of [real, generated].entries())
    if (groups && groups[i]!.length !== count)
      throw new RangeError(`two-sample test: ${groups[i]!.length} groups of ${count} images: expected one for each`);
  const [choosing, dividing] = split(key, 2) as [Key, Key];
  const named = [real, generated].flatMap((count, set) =>
    Array.from(permutation(foldIn(choosing, set), count))
      .slice(0, images)
      .map((row) => ({ row, generated: set as 0 | 1, group: groups ? groups[set]![row]! : `${set}/${row}` })),
  );
  // Groups in a drawn order, each into the part that has fewest images of its set so far.
  const byGroup = rowsByName(named.map(({ group }) => group));
  const order = [...byGroup.keys()].sort();
  const counts = Array.from({ length: folds }, () => [0, 0]);
  return Array.from(permutation(dividing, order.length)).flatMap((g) => {
    const members = byGroup.get(order[g]!)!.map((i) => named[i]!);
    const has = (fold: number): number => members.reduce((sum, { generated }) => sum + counts[fold]![generated]!, 0);
    const fold = counts.map((_, f) => f).reduce((best, f) => (has(f) < has(best) ? f : best));
    return members.map(({ row, generated }) => {
      counts[fold]![generated]! += 1;
      return { row, generated, fold };
    });
  });
}

/** Scores of all cases, each judged by what was fitted to the other parts. */
export async function judged(
  cases: readonly Case[],
  folds: number,
  key: Key,
  judge: (seen: Case[], unseen: Case[], fold: number) => Promise<ArrayLike<number>>,
): Promise<TwoSample> {
  const scores: number[] = [];
  const labels: number[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const [seen, unseen] = [cases.filter((each) => each.fold !== fold), cases.filter((each) => each.fold === fold)];
    for (const set of [seen, unseen])
      if (new Set(set.map(({ generated }) => generated)).size < 2)
        throw new RangeError('two-sample test: a part holds images of one set alone; give fewer folds, or more groups');
    scores.push(...Array.from(await judge(seen, unseen, fold)));
    labels.push(...unseen.map(({ generated }) => generated));
  }
  const right = scores.reduce((sum, score, i) => sum + (score > 0.5 === (labels[i] === 1) ? 1 : 0), 0);
  const of = (rows: Int32Array): number =>
    auroc(
      Array.from(rows, (i) => scores[i]!),
      Array.from(rows, (i) => labels[i]!),
    );
  return { accuracy: shareOf(right, scores.length), auroc: bootstrap(scores.length, of, { key, draws: 200 }), images: scores.length / 2 };
}

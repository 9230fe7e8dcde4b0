/** Ratings of all readers as scores of the plan's items. */

import type { ReaderPlan } from './plan';
import { readersOf, readRatings } from './ratings';
import { readerList, scoreOf } from './reader-list';
import type { ReaderScale } from './scales';

/** One rating, unblinded. */
export interface ReaderScore {
  readonly reader: string;
  /** Its number in the plan. */
  readonly item: number;
  readonly scale: ReaderScale;
  /** The model whose image was judged, or `real`. */
  readonly images: string;
  readonly finding: string;
  /** -2 to 2: of pairs, above 0 where the synthetic image seemed more realistic; of texts, above 0 where the image matches. */
  readonly score: number;
  readonly seconds: number;
}

export interface ReaderProgress {
  readonly reader: string;
  readonly rated: number;
  readonly items: number;
}

/** All ratings in a folder of this plan, by reader and item. @throws FileError where a file of them was changed */
export async function readerScores(folder: string, plan: ReaderPlan): Promise<{ scores: ReaderScore[]; readers: ReaderProgress[] }> {
  const scores: ReaderScore[] = [];
  const readers: ReaderProgress[] = [];
  for (const reader of await readersOf(folder)) {
    const ratings = await readRatings(folder, reader);
    const list = readerList(plan, reader);
    let rated = 0;
    for (const entry of list) {
      const rating = ratings.get(entry.id);
      if (!rating) continue;
      rated++;
      const { scale, images, finding } = plan.items[entry.item]!;
      scores.push({ reader, item: entry.item, scale, images, finding, score: scoreOf(entry, rating.choice), seconds: rating.seconds });
    }
    readers.push({ reader, rated, items: list.length });
  }
  scores.sort((a, b) => (a.reader === b.reader ? a.item - b.item : a.reader < b.reader ? -1 : 1));
  return { scores, readers };
}

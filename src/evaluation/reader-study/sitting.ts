/** A reader's sitting: a page, and the ratings that are there already. */

import { openRatings, type RatingStore } from './ratings';
import type { ServedItem, ServedPage } from './server';

export interface ReaderSitting {
  /** Of the page; with its token. */
  readonly address: string;
  /** Items of the list, and how many of them are rated. */
  readonly items: number;
  rated(): number;
  /** Settles when the reader has ended the study, or the bench's signal was raised. */
  readonly ended: Promise<void>;
  /** Gives the reader's ratings free for another process. */
  close(): Promise<void>;
}

/**
 * Opens a reader's ratings and the page that adds to them.
 *
 * @throws FileError where another process serves the same reader, or ratings cannot be read or written
 */
export async function openSitting(
  folder: string,
  reader: string,
  list: readonly ServedItem[],
  serve: (ratings: RatingStore) => Promise<ServedPage>,
): Promise<ReaderSitting> {
  const ratings = await openRatings(folder, reader);
  try {
    const page = await serve(ratings);
    return {
      address: page.address,
      items: list.length,
      rated: () => list.filter(({ id }) => ratings.ratings.has(id)).length,
      ended: page.ended,
      async close() {
        await page.close();
        await ratings.close();
      },
    };
  } catch (error) {
    await ratings.close();
    throw error;
  }
}

/** One reader's list: all items of the plan in an order and with sides of the reader's own, under names that say nothing. */

import { createHash } from 'node:crypto';
import { foldIn, type Key } from '../../engine';
import { permutation } from '../../engine/internal';
import type { ReaderPlan } from './plan';
import { type Choice, type ReaderScale, readerScales } from './scales';

/** A question as one reader meets it. */
export interface ListItem {
  /** A hash: pages, addresses and ratings name the item by it. */
  readonly id: string;
  /** Its place in the plan. */
  readonly item: number;
  readonly scale: ReaderScale;
  /** Of a pair: whether the synthetic image is the right one. */
  readonly syntheticRight: boolean;
  /** Names of its images, from the left: hashes too. */
  readonly images: readonly string[];
}

/** What may be a reader's name: it names a folder and stands in tables. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,39}$/u;

/** @throws RangeError where it can't be one */
export function checkReader(name: string): string {
  if (!NAME.test(name) || /[ .]$/.test(name))
    throw new RangeError(
      `reader study: reader: expected up to 40 letters, digits, blanks, "-", "_" and ".", got ${JSON.stringify(name.slice(0, 60))}`,
    );
  return name;
}

/**
 * The list of a reader. It follows from plan and name, so that it is the same after a break.
 *
 * @throws RangeError where the name can't be one
 */
export function readerList(plan: ReaderPlan, reader: string): ListItem[] {
  checkReader(reader);
  const hash = (...what: (string | number)[]): string =>
    createHash('sha256')
      .update(JSON.stringify([plan.identity, reader, ...what]))
      .digest('hex');
  const words = Buffer.from(hash('order'), 'hex');
  const key: Key = [words.readUInt32BE(0), words.readUInt32BE(4)];
  return readerScales.flatMap((scale, n) => {
    const items = plan.items.flatMap((item, i) => (item.scale === scale ? [i] : []));
    const [order, sides] = [permutation(foldIn(key, 2 * n), items.length), permutation(foldIn(key, 2 * n + 1), items.length)];
    return Array.from(order, (place, i): ListItem => {
      const item = items[place]!;
      const images = Array.from({ length: scale === 'realism' ? 2 : 1 }, (_, side) => hash(item, 'image', side).slice(0, 24));
      return { id: hash(item).slice(0, 24), item, scale, syntheticRight: sides[i]! % 2 === 0, images }; // half of them on each side
    });
  });
}

/** An answer as the paper scores it: of pairs, positive where the synthetic image is the more realistic one; of texts, positive where the image matches. */
export function scoreOf({ scale, syntheticRight }: ListItem, choice: Choice): number {
  const score = choice - 3;
  return scale === 'alignment' || syntheticRight || score === 0 ? score : -score;
}

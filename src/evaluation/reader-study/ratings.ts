/** A reader's ratings on disk: lines of JSON that are only ever added to, each on the disk before it is acknowledged. */

import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../files';
import { describeSystemError, lockFolder } from '../../files/internal';
import { type Choice, isChoice } from './scales';

const FILE = 'ratings.jsonl';

export interface Rating {
  readonly choice: Choice;
  /** From when the item was shown. */
  readonly seconds: number;
}

/** Ratings that are being added to; one process at a time. */
export interface RatingStore {
  /** Of items by their ids, the last of each, in the order in which they were given. */
  readonly ratings: ReadonlyMap<string, Rating>;
  /** Settles once the rating is on the disk, or with undefined the taking back of one. @throws FileError where it cannot be written */
  put(id: string, rating: Rating | undefined): Promise<void>;
  close(): Promise<void>;
}

interface Line {
  readonly item: string;
  readonly choice: Choice | null;
  readonly seconds: number;
  readonly at: string;
}

function isLine(value: unknown): value is Line {
  const { item, choice, seconds } = (value ?? {}) as Partial<Line>;
  return typeof item === 'string' && (choice === null || isChoice(choice)) && typeof seconds === 'number';
}

function apply(ratings: Map<string, Rating>, { item, choice, seconds }: Line): void {
  ratings.delete(item); // the newest is the last
  if (choice !== null) ratings.set(item, { choice, seconds });
}

/** What the file holds, and how many of its bytes are whole lines: what a killed process had not ended is left out. */
async function readLines(path: string): Promise<{ ratings: Map<string, Rating>; bytes: number }> {
  const ratings = new Map<string, Rating>();
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ratings, bytes: 0 };
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  const bytes = content.lastIndexOf(0x0a) + 1;
  const lines = content.toString('utf8', 0, bytes).split('\n').slice(0, -1);
  lines.forEach((text, i) => {
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch {
      line = undefined;
    }
    if (!isLine(line)) throw new FileError(path, `line ${i + 1} is no rating: the file was changed; mend it or begin with another name`);
    apply(ratings, line);
  });
  return { ratings, bytes };
}

/** The ratings of a reader, none where there are none. @throws FileError where the file holds something else */
export async function readRatings(folder: string, reader: string): Promise<ReadonlyMap<string, Rating>> {
  return (await readLines(join(folder, reader, FILE))).ratings;
}

/** Who has a folder of ratings, by name. */
export async function readersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/**
 * Opens a reader's ratings to go on.
 *
 * @throws FileError where another process has them open, or they cannot be read or written
 */
export async function openRatings(folder: string, reader: string): Promise<RatingStore> {
  const place = join(folder, reader);
  const unlock = await lockFolder(place);
  const path = join(place, FILE);
  let handle: FileHandle | undefined;
  try {
    const found = await readLines(path);
    handle = await open(path, 'a');
    await handle.truncate(found.bytes);
    return store(path, handle, found, unlock);
  } catch (error) {
    await handle?.close();
    await unlock();
    if (error instanceof FileError) throw error;
    throw new FileError(path, `cannot be written: ${describeSystemError(error)}`, error);
  }
}

function store(
  path: string,
  handle: FileHandle,
  found: { ratings: Map<string, Rating>; bytes: number },
  unlock: () => Promise<void>,
): RatingStore {
  const { ratings } = found;
  let { bytes } = found;
  let last: Promise<unknown> = Promise.resolve();
  const append = async (line: Line): Promise<void> => {
    const text = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      await handle.appendFile(text);
      await handle.datasync();
    } catch (error) {
      await handle.truncate(bytes).catch(() => undefined); // no half a line before the next
      throw new FileError(path, `cannot be written: ${describeSystemError(error)}`, error);
    }
    bytes += text.length;
    apply(ratings, line);
  };
  return {
    ratings,
    put(item, rating) {
      const line = { item, choice: rating?.choice ?? null, seconds: rating?.seconds ?? 0, at: new Date().toISOString() };
      const done = last.then(() => append(line)); // one after another
      last = done.catch(() => undefined);
      return done;
    },
    async close() {
      await last;
      await handle.close();
      await unlock();
    },
  };
}

/** What a split keeps together: the images of one patient, and the records of one image. */

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { hashFile } from '../files/internal';
import { type ImagePlace, readPlace } from './image-place';
import { inBatches } from './in-batches';

/** An image that is there. */
export interface ImageFile extends ImagePlace {
  /** The same under all names of one file: links, other spellings of its path, other case where the file system takes it for the same. */
  readonly identity: string;
}

/**
 * For each file the index of the first one that is the same image: the same file, or one of the same bytes. Only files of equal size are opened, and only
 * those that agree in their middle are read as a whole. A file that cannot be read is an image of its own; reading its pixels says so.
 */
export async function sameImages(files: readonly ImageFile[]): Promise<Int32Array> {
  const all = files.map((_, i) => i);
  const byIdentity = firstOfKey(all, (i) => files[i]!.identity);
  const sizes = shared([...new Set(byIdentity.values())], (i) => String(files[i]!.size));
  const middles = await keysOf(sizes, (i) => readMiddle(files[i]!));
  const alike = shared(sizes, (i) => middles.get(i)!);
  const hashes = await keysOf(alike, (i) => hashOf(files[i]!));
  const byHash = firstOfKey(alike, (i) => hashes.get(i)!);
  return Int32Array.from(all, (i) => byHash.get(byIdentity.get(i)!) ?? byIdentity.get(i)!);
}

/** For each index the first one of the same key. */
function firstOfKey(indices: readonly number[], key: (i: number) => string): Map<number, number> {
  const first = new Map<string, number>();
  return new Map(
    indices.map((i) => {
      const of = key(i);
      if (!first.has(of)) first.set(of, i);
      return [i, first.get(of)!];
    }),
  );
}

/** Those whose key another one has too. */
function shared(indices: readonly number[], key: (i: number) => string): number[] {
  const counts = new Map<string, number>();
  for (const i of indices) counts.set(key(i), (counts.get(key(i)) ?? 0) + 1);
  return indices.filter((i) => counts.get(key(i))! > 1);
}

async function keysOf(indices: readonly number[], look: (i: number) => Promise<string>): Promise<Map<number, string>> {
  const keys = await inBatches(indices, 32, (i) => look(i).catch(() => `unread ${i}`));
  return new Map(indices.map((i, n) => [i, keys[n]!]));
}

async function hashOf(file: ImageFile): Promise<string> {
  if (file.offset === undefined) return hashFile(file.path);
  return createHash('sha256')
    .update(await readPlace(file))
    .digest('hex');
}

/** 4 KiB from the middle, where images of equal size differ. */
async function readMiddle({ path, offset = 0, size }: ImageFile): Promise<string> {
  const length = Math.min(size, 4096);
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset + Math.floor((size - length) / 2));
    return `${size} ${buffer.subarray(0, bytesRead).toString('latin1')}`;
  } finally {
    await file.close();
  }
}

/**
 * Joins patients that share an image.
 *
 * @param patients of each record
 * @param first    the first record of the same image (`sameImages`)
 * @returns for each record the name of its group: of the patients that are joined, the one that sorts first
 */
export function joinPatients(patients: readonly string[], first: Int32Array): string[] {
  const joined = new Map<string, string>();
  const group = (patient: string): string => {
    let at = patient;
    for (let next = joined.get(at); next !== undefined; next = joined.get(at)) at = next;
    if (at !== patient) joined.set(patient, at); // the next search is short
    return at;
  };
  first.forEach((f, i) => {
    const [a, b] = [group(patients[f]!), group(patients[i]!)].sort() as [string, string];
    if (a !== b) joined.set(b, a);
  });
  return patients.map(group);
}

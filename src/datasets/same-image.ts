/** What a split keeps together: the images of one patient, and the records of one image. */

import { createHash } from 'node:crypto';
import { hashFile } from '../files/internal';
import { type ImagePlace, readPlace } from './image-place';
import { inBatches } from './in-batches';
import { lookAt } from './look';

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
  const first = new Int32Array(files.length);
  const byIdentity = new Map<string, number>();
  const distinct: number[] = [];
  for (const [i, { identity }] of files.entries()) {
    const known = byIdentity.get(identity);
    first[i] = known ?? i;
    if (known !== undefined) continue;
    byIdentity.set(identity, i);
    distinct.push(i);
  }
  const sizes = shared(distinct, (i) => files[i]!.size);
  const pieces = await lookAt('pieces', { items: sizes.map((i) => middleOf(files[i]!)) });
  const middles = new Map(sizes.map((i, n) => [i, pieces[n] === undefined ? `unread ${i}` : `${files[i]!.size} ${latin1(pieces[n])}`]));
  const alike = shared(sizes, (i) => middles.get(i)!);
  const hashes = await keysOf(alike, (i) => hashOf(files[i]!));
  const byHash = firstOfKey(alike, (i) => hashes.get(i)!);
  return byHash.size === 0 ? first : first.map((i) => byHash.get(i) ?? i);
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
function shared<K>(indices: readonly number[], key: (i: number) => K): number[] {
  const counts = new Map<K, number>();
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
function middleOf({ path, offset = 0, size }: ImageFile): { path: string; offset: number; length: number } {
  const length = Math.min(size, 4096);
  return { path, offset: offset + Math.floor((size - length) / 2), length };
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

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

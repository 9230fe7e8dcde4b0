/** Names of shards and of their members, as WebDataset has them (github.com/webdataset/webdataset, its documentation). */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../../files';

const SHARD = /\.tar$/i;
const RANGE = /\{(\d+)\.\.(\d+)\}/;

/** Whether a path names shards: one `.tar`, or a pattern of some, `name-{000000..000009}.tar`. */
export function namesShards(path: string): boolean {
  return SHARD.test(path);
}

/** The shards of a folder in the order of their names. */
export function shardsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => SHARD.test(name) && !name.startsWith('.'))
    .sort()
    .map((name) => join(folder, name));
}

/** More are a slip of the pen. */
const MOST_SHARDS = 100_000;

/**
 * The shards that a path names: those of a folder, one file, or those of a pattern, whose numbers have as many digits as its first one.
 *
 * @throws FileError where one is not there, the folder has none, or a range goes down or beyond 100,000
 */
export function findShards(path: string): string[] {
  const shards = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? shardsIn(path) : expand(path);
  if (shards.length === 0) throw new FileError(path, 'holds no shards, files ending in .tar');
  for (const shard of shards)
    if (!statSync(shard, { throwIfNoEntry: false })?.isFile()) throw new FileError(shard, 'there is no such shard');
  return shards;
}

function expand(pattern: string): string[] {
  const [range, first, last] = RANGE.exec(pattern) ?? [];
  if (range === undefined) return [pattern];
  const [from, to] = [Number(first), Number(last)];
  if (to < from || to - from >= MOST_SHARDS)
    throw new FileError(pattern, `${range}: expected a range that goes up and has at most ${MOST_SHARDS} numbers`);
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i).padStart(first!.length, '0')).flatMap((number) =>
    expand(pattern.replace(range, number)),
  );
}

/** A member's name in two: what the files of one sample share (folders too), and the ending from the first dot on, lower-case; undefined for names that are of no sample. */
export function splitName(name: string): { readonly sample: string; readonly ending: string } | undefined {
  const [, sample, ending] = /^((?:.*\/)?[^./][^./]*)\.([^/]+)$/.exec(name) ?? [];
  if (sample === undefined || ending === undefined || /(^|\/)__[^/]*__$/.test(sample)) return undefined;
  return { sample, ending: ending.toLowerCase() };
}

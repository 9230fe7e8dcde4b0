/** Any dataset as WebDataset shards: few large files in place of many small ones. */

import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { FileError, writeJson } from '../../files';
import { claimFolder, describeSystemError, encodePng } from '../../files/internal';
import type { Dataset } from '../dataset';
import { ABOUT } from './open';
import { writeTold } from './record';

export interface PackShardsOptions {
  /** New or empty. */
  readonly folder: string;
  /** Width and height of the images, which are then written anew as 8-bit grey PNG; if not given, their files' bytes are copied. */
  readonly size?: number;
  /** Most bytes of a shard; 500 MB if not given. A sample is in one shard, so one alone may have more. */
  readonly shardBytes?: number;
  /** Called after each image. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two images; what is there by then is no whole data set (it has no `dataset.json`). */
  readonly signal?: AbortSignal;
}

export interface PackedShards {
  readonly folder: string;
  readonly shards: number;
  readonly images: number;
  /** Of all shards. */
  readonly bytes: number;
}

/** Digits of a sample's and of a shard's number. */
const [SAMPLE_DIGITS, SHARD_DIGITS] = [9, 6];
const SHARD_BYTES = 500e6;

/** A member takes its bytes, up to a whole block of 512, and a block for its header; an archive ends with two. */
const blocks = (bytes: number): number => 512 * (1 + Math.ceil(bytes / 512));
const END = 1024;

interface Shard {
  readonly archive: Pack;
  readonly done: Promise<void>;
  readonly path: string;
  bytes: number;
}

/**
 * Writes `shard-000000.tar` and so on: of each record its image, its text (`.txt`) and the rest of what it says (`.json`), under a number in place of its id. `openShards` reads the same
 * records back, and so does Python's webdataset. Same dataset and options, same bytes.
 *
 * @throws FileError where the folder holds something, cannot be written, or an image cannot be read; RangeError where sizes are out of range, or images are drawn and no size is given; the
 *   signal's reason where it is raised
 */
export async function packShards(dataset: Dataset, options: PackShardsOptions): Promise<PackedShards> {
  const { folder, size, shardBytes = SHARD_BYTES, onProgress, signal } = options;
  if (size !== undefined && !(Number.isInteger(size) && size >= 1))
    throw new RangeError(`packShards: size: expected a positive integer, got ${size}`);
  if (!(shardBytes > 0)) throw new RangeError(`packShards: shardBytes: expected a positive number, got ${shardBytes}`);
  if (dataset.withoutImages !== undefined) throw new FileError(dataset.name, `has no images to pack; ${dataset.withoutImages}`);
  if (size === undefined && dataset.original === undefined)
    throw new RangeError(`packShards: the images of ${dataset.name} are drawn and have no files to copy; give a size`);
  claimFolder(folder, 'shards', []);
  await mkdir(folder, { recursive: true });
  let shard: Shard | undefined;
  let [shards, bytes] = [0, 0];
  const close = async (): Promise<void> => {
    if (shard === undefined) return;
    bytes += shard.bytes + END;
    await finish(shard);
    shard = undefined;
  };
  try {
    for (let i = 0; i < dataset.length; i++) {
      signal?.throwIfAborted();
      const record = dataset.record(i);
      const image = await imageOf(dataset, i, size);
      const members = [
        [image.ending, image.bytes],
        ['txt', Buffer.from(record.text)],
        ['json', Buffer.from(writeTold(record))],
      ] as const;
      const needed = members.reduce((sum, [, content]) => sum + blocks(content.length), 0);
      if (shard !== undefined && shard.bytes + needed + END > shardBytes) await close();
      shard ??= start(join(folder, `shard-${String(shards++).padStart(SHARD_DIGITS, '0')}.tar`));
      for (const [ending, content] of members) await add(shard, `${String(i).padStart(SAMPLE_DIGITS, '0')}.${ending}`, content);
      shard.bytes += needed;
      onProgress?.(i + 1, dataset.length);
    }
    await close();
  } catch (error) {
    shard?.archive.destroy();
    await shard?.done.catch(() => undefined);
    throw error;
  }
  const { name, credit, findings, notes = [], length } = dataset;
  await writeJson(join(folder, ABOUT), { name, credit, findings, notes, images: length, shards }); // the last: it says that all is there
  return { folder, shards, images: length, bytes };
}

async function imageOf(dataset: Dataset, i: number, size: number | undefined): Promise<{ ending: string; bytes: Uint8Array }> {
  if (size === undefined) {
    const { name, bytes } = await dataset.original!(i);
    return { ending: extname(name).slice(1).toLowerCase(), bytes };
  }
  const data = Uint8Array.from(await dataset.pixels(i, size), (value) => Math.round(255 * value));
  return { ending: 'png', bytes: await encodePng({ width: size, height: size, channels: 1, data }) };
}

/** Under another name until it is whole. */
const unfinished = (path: string): string => `${path}.part`;

function start(path: string): Shard {
  const archive = pack();
  const done = pipeline(archive, createWriteStream(unfinished(path)));
  done.catch(() => undefined); // said where it is awaited
  return { archive, done, path, bytes: 0 };
}

async function add({ archive, done, path }: Shard, name: string, content: Uint8Array): Promise<void> {
  const written = new Promise<void>((resolve, reject) => {
    const header = { name, size: content.length, mode: 0o644, mtime: new Date(0) };
    archive.entry(header, Buffer.from(content), (error) => (error ? reject(error) : resolve()));
  });
  try {
    await Promise.race([written, done]); // where the file cannot be written, the member never is
  } catch (error) {
    throw new FileError(path, `cannot be written: ${describeSystemError(error)}`, error);
  }
}

async function finish({ archive, done, path }: Shard): Promise<void> {
  archive.finalize();
  try {
    await done;
    await rename(unfinished(path), path);
  } catch (error) {
    throw new FileError(path, `cannot be written: ${describeSystemError(error)}`, error);
  }
}

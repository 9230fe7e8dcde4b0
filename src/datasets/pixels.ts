/** The pixels of a dataset at one size, decoded once and kept on disk. */

import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, type Rows } from '../files';
import { checkRows, keepRows, keptBytes, type RowsToKeep, readRange } from '../files/internal';
import type { Dataset } from './dataset';
import { defaultThreads, jobsAtOnce } from './decode-pool';
import { countNegatives, noteNegatives } from './negatives';

export interface LoadPixelsOptions {
  /** Called after each image, and after each file of kept ones. */
  onProgress?: (done: number, total: number) => void;
  /**
   * Called with what the images themselves have shown, a sentence with counts: 16-bit images that use fewer bits (where they are read, not where they
   * were kept), images that look like negatives; and that pixels could not be kept. By default `console.warn`.
   */
  onNote?: (note: string) => void;
  /** Stops between two images. */
  signal?: AbortSignal;
  /** Threads that decode, as many as there are processors if not given; 0 for this one. The values are the same. */
  threads?: number;
  /** Where pixels are kept, `.cache/datasets` in the working folder if not given; false keeps nothing. */
  cache?: string | false;
}

/** Part of what kept pixels follow from: changes when the way from file to pixels does. */
const VERSION = 3;

/** Of the disk's free room, what kept pixels may take. */
const MOST_OF_DISK = 0.8;

/**
 * The pixels of every image, decoded a few at a time. They are kept on disk by the dataset's fingerprint and the size, and come from there the next time:
 * the same numbers, faster. For more images than fit into memory: `pixelRows`.
 *
 * @returns [n, size, size], row-major, 0 to 1
 * @throws the signal's reason where it is raised; FileError for the first image that cannot be read
 */
export async function loadPixels(dataset: Dataset, size: number, options: LoadPixelsOptions = {}): Promise<Float32Array> {
  const { onNote = console.warn, signal } = options;
  signal?.throwIfAborted();
  const all = [0, dataset.length] as const;
  if (dataset.batch) return decode(dataset, size, ...all, options); // it keeps its own images
  const kept = await keptPixels(dataset, size, options);
  if (kept) return readRange(kept, ...all);
  const pixels = await decode(dataset, size, ...all, options);
  tell(onNote, [...(dataset.readingNotes?.() ?? []), noteNegatives(countNegatives(pixels, size), dataset.length)]);
  return pixels;
}

/**
 * The pixels of every image as rows to be read when they are needed: the same numbers as `loadPixels` gives, in memory that does not grow with the dataset.
 * Images are decoded first, and kept on disk; where that can't be, each is decoded whenever it is read.
 *
 * @throws as `loadPixels`
 */
export async function pixelRows(dataset: Dataset, size: number, options: LoadPixelsOptions = {}): Promise<Rows> {
  options.signal?.throwIfAborted();
  return (await keptPixels(dataset, size, options)) ?? decodedRows(dataset, size, options.threads);
}

/** What pixels follow from. */
const sourceOf = ({ fingerprint }: Dataset, size: number): Record<string, unknown> => ({ pixels: VERSION, fingerprint, size });

/** The pixels out of the cache, put there first where they are not; undefined where nothing can be kept. */
async function keptPixels(dataset: Dataset, size: number, options: LoadPixelsOptions): Promise<Rows | undefined> {
  const { onProgress, onNote = console.warn, signal, cache = join('.cache', 'datasets') } = options;
  if (cache === false || dataset.fingerprint === undefined) return undefined;
  const { length } = dataset;
  let decoded = false;
  let told = 0;
  const progress = (done: number): void => {
    if (done > told) onProgress?.(done, length);
    told = Math.max(told, done);
  };
  const rows: RowsToKeep<'pixels'> = {
    source: sourceOf(dataset, size),
    length,
    columns: { pixels: { shape: [size, size], dtype: 'U16' } },
    async make(from, to) {
      decoded = true;
      const pixels = await decode(dataset, size, from, to, { ...options, onProgress: (done) => progress(from + done) });
      return { values: { pixels }, facts: { negatives: String(countNegatives(pixels, size)) } };
    },
  };
  if (!(await hasRoom(cache, keptBytes(rows), onNote))) return undefined;
  try {
    const { columns, facts } = await keepRows(cache, rows, { signal, onProgress: progress, onNote });
    const negatives = facts.reduce((sum, fact) => sum + Number(fact.negatives), 0);
    if (!dataset.batch) tell(onNote, [...(decoded ? (dataset.readingNotes?.() ?? []) : []), noteNegatives(negatives, length)]);
    return columns.pixels;
  } catch (error) {
    // A folder that cannot be written to costs time, nothing else; an image that cannot be read is an error.
    if (!(error instanceof FileError) || !error.path.startsWith(cache)) throw error;
    onNote(`${error.message}; pixels are not kept`);
    return undefined;
  }
}

async function hasRoom(cache: string, bytes: number, onNote: (note: string) => void): Promise<boolean> {
  if (bytes < 2 ** 28) return true;
  const disk = await statfs(cache).catch(() => statfs('.').catch(() => undefined));
  const free = disk ? disk.bavail * disk.bsize : Number.POSITIVE_INFINITY;
  const GiB = (n: number): string => (n / 2 ** 30).toFixed(1);
  if (bytes <= MOST_OF_DISK * free) return true;
  onNote(
    `pixels would take ${GiB(bytes)} GiB of ${cache}, where ${GiB(free)} are free: they are not kept, and images are decoded whenever they are needed`,
  );
  return false;
}

/** Rows that are decoded whenever they are read. */
function decodedRows(dataset: Dataset, size: number, threads?: number): Rows {
  return {
    length: dataset.length,
    width: size * size,
    identity: JSON.stringify([sourceOf(dataset, size), dataset.name, dataset.length]),
    async read(chosen) {
      checkRows(chosen, dataset.length);
      return decodeChosen(dataset, size, chosen, { threads });
    },
  };
}

type DecodeOptions = Pick<LoadPixelsOptions, 'onProgress' | 'signal' | 'threads'>;

/** Fewer images than this are not worth starting threads. */
const FEW = 16;

const decode = (dataset: Dataset, size: number, from: number, to: number, options: DecodeOptions): Promise<Float32Array> =>
  decodeChosen(
    dataset,
    size,
    Int32Array.from({ length: to - from }, (_, i) => from + i),
    options,
  );

/** Decodes images, some at a time: [chosen.length, size, size]. */
async function decodeChosen(
  dataset: Dataset,
  size: number,
  chosen: ArrayLike<number>,
  { onProgress, signal, threads = defaultThreads() }: DecodeOptions = {},
): Promise<Float32Array> {
  if (dataset.batch) return dataset.batch(chosen, size, { onProgress, signal });
  const each = size * size;
  const total = chosen.length;
  const count = total < FEW ? 0 : threads;
  const all = new Float32Array(total * each);
  let next = 0;
  let done = 0;
  let failed = false;
  const work = async (): Promise<void> => {
    while (next < total && !failed) {
      signal?.throwIfAborted();
      const i = next++;
      all.set(await dataset.pixels(chosen[i]!, size, count), i * each);
      onProgress?.(++done, total);
    }
  };
  const workers = Array.from({ length: Math.min(total, jobsAtOnce(Math.max(1, count))) }, () =>
    work().catch((error: unknown) => {
      failed = true; // the others stop at their next image
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return all;
}

function tell(onNote: (note: string) => void, notes: readonly (string | undefined)[]): void {
  for (const note of notes) if (note !== undefined) onNote(note);
}

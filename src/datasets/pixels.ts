/** All pixels of a dataset at one size, read once and kept on disk. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/internal';
import type { Dataset } from './dataset';
import { noteNegatives } from './negatives';

export interface LoadPixelsOptions {
  /** Called after each image. */
  onProgress?: (done: number, total: number) => void;
  /**
   * Called with what the images themselves have shown, a sentence with counts: 16-bit images that use fewer bits (where they are read, not where they
   * were kept), images that look like negatives. By default `console.warn`.
   */
  onNote?: (note: string) => void;
  /** Stops between two images. */
  signal?: AbortSignal;
  /** Where pixels are kept, `.cache/datasets` in the working folder if not given; false keeps nothing. */
  cache?: string | false;
}

/** Part of every file's name: changes when the way from file to pixels does. */
const version = 2;

/**
 * The pixels of every image, decoded a few at a time. They are kept in a file named by the dataset's fingerprint and the
 * size, and read from there the next time: the same numbers, faster.
 *
 * @returns [n, size, size], row-major, 0 to 1
 * @throws the signal's reason where it is raised; FileError for the first image that cannot be read
 */
export async function loadPixels(dataset: Dataset, size: number, options: LoadPixelsOptions = {}): Promise<Float32Array> {
  const { onProgress, onNote = console.warn, signal, cache = join('.cache', 'datasets') } = options;
  signal?.throwIfAborted();
  const total = dataset.length;
  if (dataset.batch)
    return dataset.batch(
      Int32Array.from({ length: total }, (_, i) => i),
      size,
      { onProgress, signal },
    );
  const each = size * size;
  const path = cache === false ? undefined : cachePath(cache, dataset, size);
  const cached = path && (await readKept(path, total * each));
  if (cached) {
    onProgress?.(total, total);
    tell(onNote, [noteNegatives(cached, size)]);
    return cached;
  }

  const all = new Float32Array(total * each);
  let next = 0;
  let done = 0;
  let failed = false;
  const work = async (): Promise<void> => {
    while (next < total && !failed) {
      signal?.throwIfAborted();
      const i = next++;
      all.set(await dataset.pixels(i, size), i * each);
      onProgress?.(++done, total);
    }
  };
  const workers = Array.from({ length: Math.min(total, 2 * availableParallelism()) }, () =>
    work().catch((error: unknown) => {
      failed = true; // the others stop at their next image
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;

  // A folder that cannot be written to costs time at the next call, nothing else.
  if (path) await writeFileAtomic(path, new Uint8Array(all.buffer)).catch(() => undefined);
  tell(onNote, [...(dataset.readingNotes?.() ?? []), noteNegatives(all, size)]);
  return all;
}

function tell(onNote: (note: string) => void, notes: readonly (string | undefined)[]): void {
  for (const note of notes) if (note !== undefined) onNote(note);
}

function cachePath(folder: string, { fingerprint, length }: Dataset, size: number): string | undefined {
  if (fingerprint === undefined) return undefined;
  const hash = createHash('sha256').update(JSON.stringify([version, fingerprint, length, size]));
  return join(folder, `${hash.digest('hex').slice(0, 32)}.f32`);
}

async function readKept(path: string, length: number): Promise<Float32Array | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes?.byteLength !== length * 4) return undefined;
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

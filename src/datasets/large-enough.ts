/** Datasets without the images that have fewer pixels than a model draws: enlarged, they would teach it blur. */

import { join } from 'node:path';
import { tellWait } from '../engine/internal';
import { FileError } from '../files';
import { keepRows, readRange } from '../files/internal';
import type { Dataset } from './dataset';
import { subset } from './split';

export interface LargeEnoughOptions {
  /** Where the sizes are kept, `.cache/datasets` in the working folder if not given. */
  readonly cache?: string;
  readonly signal?: AbortSignal;
}

/** Headers that are read at the same time. */
const AT_ONCE = 32;

/**
 * Leaves out images whose shorter side has fewer than `size` pixels. Headers are read once and what they say is kept; images that are drawn are of any size.
 *
 * @returns the dataset itself where all are large enough, else one whose `notes` say how many are not
 * @throws FileError where none is; the signal's reason where it was raised
 */
export async function largeEnough(dataset: Dataset, size: number, options: LargeEnoughOptions = {}): Promise<Dataset> {
  if (!dataset.shortSide || dataset.withoutImages !== undefined) return dataset;
  const sides = await keptSides(dataset, options);
  const large = sides.flatMap((side, i) => (side < size ? [] : [i]));
  const small = sides.length - large.length;
  if (small === 0) return dataset;
  if (large.length === 0)
    throw new FileError(
      dataset.name,
      `all ${sides.length} images are smaller than ${size} pixels (the largest ${Math.max(...sides)}); give a smaller size`,
    );
  const note = `${small} of ${sides.length} images are smaller than ${size} pixels and are left out: enlarged, they would teach blur.`;
  const part = subset(dataset, large);
  return { ...part, notes: [...(part.notes ?? []), note] };
}

/** The shorter side of each image, pixels; out of the cache where it has them. */
async function keptSides(dataset: Dataset, options: LargeEnoughOptions): Promise<number[]> {
  const { cache = join('.cache', 'datasets'), signal } = options;
  const { fingerprint, length } = dataset;
  const make = (from: number, to: number): Promise<number[]> => readSides(dataset, from, to, signal);
  if (fingerprint === undefined) return make(0, length);
  try {
    const { columns } = await keepRows(
      cache,
      {
        source: { short_sides: 1, fingerprint },
        length,
        columns: { side: { shape: [1], dtype: 'F32' } },
        make: async (from, to) => ({ values: { side: Float32Array.from(await make(from, to)) } }),
      },
      { signal },
    );
    return [...(await readRange(columns.side, 0, length))];
  } catch (error) {
    if (!(error instanceof FileError) || !error.path.startsWith(cache)) throw error;
    return make(0, length); // a folder that cannot be written to costs time, nothing else
  }
}

async function readSides(dataset: Dataset, from: number, to: number, signal: AbortSignal | undefined): Promise<number[]> {
  const sides = new Array<number>(to - from);
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    while (next < sides.length) {
      signal?.throwIfAborted();
      const i = next++;
      sides[i] = await dataset.shortSide!(from + i);
      tellWait("reading images' sizes", from + ++done, dataset.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, sides.length) }, work));
  return sides;
}

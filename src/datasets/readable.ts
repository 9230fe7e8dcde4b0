/** Datasets without the images that cannot be read: skipping is asked for, counted and listed, never silent. */

import { FileError } from '../files';
import type { Dataset } from './dataset';
import { defaultThreads, jobsAtOnce } from './decode-pool';
import { nameRows } from './read-table';
import { subset } from './split';

/** Enough to decode all of an image. */
const SIZE = 32;

/** What checking all images has shown. */
export interface Readable {
  /** The images that can be read, in their order; `notes` says how many cannot, and which. */
  readonly dataset: Dataset;
  /** For each image that cannot be read its index in the whole dataset, and why. Its file's name may identify a study. */
  readonly unreadable: readonly { readonly index: number; readonly error: FileError }[];
}

/**
 * Decodes every image once, which takes as long as the first `loadPixels` does, and leaves out those that are missing, truncated, too large or no images.
 *
 * @throws FileError where none can be read; the signal's reason where it is raised
 */
export async function withoutUnreadable(
  dataset: Dataset,
  options: { readonly onProgress?: (done: number, total: number) => void; readonly signal?: AbortSignal } = {},
): Promise<Readable> {
  const { onProgress, signal } = options;
  const errors: (FileError | undefined)[] = [];
  const threads = defaultThreads();
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    while (next < dataset.length) {
      signal?.throwIfAborted();
      const i = next++;
      errors[i] = await dataset.pixels(i, SIZE, threads).then(
        () => undefined,
        (error: unknown) => {
          if (error instanceof FileError) return error;
          throw error;
        },
      );
      onProgress?.(++done, dataset.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(dataset.length, jobsAtOnce(threads)) }, work));
  const unreadable = errors.flatMap((error, index) => (error ? [{ index, error }] : []));
  if (unreadable.length === 0) return { dataset, unreadable };
  if (unreadable.length === dataset.length)
    throw new FileError(unreadable[0]!.error.path, `none of the images can be read; the first: ${unreadable[0]!.error.message}`);
  const part = subset(
    dataset,
    errors.flatMap((error, i) => (error ? [] : [i])),
  );
  const numbers = unreadable.map(({ index }) => index + 1);
  const note = `${unreadable.length} of ${dataset.length} images cannot be read and are left out (of the images ${nameRows(numbers).replace(/^rows?/, 'number')}).`;
  return { dataset: { ...part, notes: [...(part.notes ?? []), note] }, unreadable };
}

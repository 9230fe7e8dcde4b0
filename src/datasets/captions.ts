/** Images with a text beside each: `a.png` and `a.txt` or `a.caption`, as fine-tuning tools and unpacked shards have them. */

import { basename, dirname, join, relative, resolve } from 'node:path';
import { FileError, readText } from '../files';
import type { Dataset } from './dataset';
import { filesBelow, imageStem, isImage } from './find-images';
import { isEmptyCell } from './read-table';
import { type TableEntry, tableDataset } from './table';

const endings = ['.txt', '.caption'];

/**
 * Opens a folder whose images have texts beside them, at any depth that `filesBelow` sees. Images without one, or with an empty one, are left out and counted.
 *
 * @returns undefined where no image has a text beside it
 * @throws FileError where an image has both a .txt and a .caption, or no text is there in any
 */
export async function openCaptions(folder: string): Promise<Dataset | undefined> {
  const files = await filesBelow(folder);
  const paths = new Set(files);
  const images = files.filter(isImage);
  const captions = images.map((image) =>
    endings.map((ending) => join(dirname(image), imageStem(image) + ending)).filter((file) => paths.has(file)),
  );
  if (captions.every((beside) => beside.length === 0)) return undefined;
  const both = captions.findIndex((beside) => beside.length > 1);
  if (both >= 0)
    throw new FileError(images[both]!, `has two texts beside it, ${captions[both]!.map((file) => basename(file)).join(' and ')}; keep one`);

  const entries: TableEntry[] = [];
  for (const [i, [caption]] of captions.entries()) {
    const text = caption === undefined ? '' : (await readText(caption)).trim();
    const file = relative(folder, images[i]!);
    if (!isEmptyCell(text)) entries.push({ record: { id: file, text, labels: {}, sides: {} }, file });
  }
  if (entries.length === 0) throw new FileError(folder, 'has texts beside its images, but all of them are empty');
  const name = basename(resolve(folder));
  const without = images.length - entries.length;
  return tableDataset({
    name,
    credit: `From the folder ${name}; origin and licence as its owner says.`,
    findings: [],
    folder,
    table: folder,
    entries,
    notes: without === 0 ? [] : [`${without} of ${images.length} images have no text beside them and are left out.`],
  });
}

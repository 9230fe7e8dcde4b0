/**
 * Images with their prompts in a table, as CheXGenBench has them (Raman1121/CheXGenBench, 2025; arXiv:2505.10496): columns `prompt` and `img_savename`. Images made
 * here are scored there, and those of any model here.
 */

import { basename, dirname, resolve } from 'node:path';
import { type Dataset, type ImageRecord, openDataset, pixelRows, subset } from '../datasets';
import { textsOf } from '../datasets/internal';
import { FileError, type Rows } from '../files';
import { hashFile } from '../files/internal';
import { rowsByName } from './rows';

/** The name that CheXGenBench gives to the table. */
export const IMAGE_TABLE = 'prompt_INFO.csv';

/** Images that stand for a model. */
export interface ImageTable {
  /** The folder's name, or the table's where it has another than CheXGenBench's. */
  readonly name: string;
  readonly folder: string;
  /** Of what the images are. */
  readonly identity: string;
  readonly images: Dataset;
}

/**
 * @param csv with the columns `prompt` and `img_savename`, a path from the table's folder
 * @throws FileError where it has no such columns or rows, or an image is not there
 */
export async function openImageTable(csv: string): Promise<ImageTable> {
  const path = resolve(csv);
  const folder = dirname(path);
  const images = await openDataset({ data: folder, csv: path, imageColumn: 'img_savename', textColumn: 'prompt' });
  const name = basename(path) === IMAGE_TABLE ? basename(folder) : basename(path).replace(/\.\w+$/, '');
  return { name, folder, identity: images.fingerprint ?? (await hashFile(path)), images };
}

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Rows of records' texts, `perPrompt` of each one after another as far as there are so many: a text that several ask for gives its rows in their order. */
function rowsOfTexts(images: Dataset, records: readonly ImageRecord[], perPrompt: number): number[] {
  const rows = rowsByName(textsOf(images).map(plain));
  return records.flatMap(({ text }) => rows.get(plain(text))?.splice(0, perPrompt) ?? []);
}

/** Whether a table has so many images of each of the records' texts. */
export const hasImagesOf = (images: Dataset, records: readonly ImageRecord[], perPrompt: number): boolean =>
  rowsOfTexts(images, records, perPrompt).length === records.length * perPrompt;

/**
 * The table's images of records' texts: for a text that several ask for, or of which several images are wanted, its rows in their order.
 *
 * @param size pixels a side that they are brought to
 * @throws FileError where the table has too few images of a text, with how many and without the text
 */
export async function imagesOfTable(
  { folder, images }: Pick<ImageTable, 'folder' | 'images'>,
  records: readonly ImageRecord[],
  options: { readonly perPrompt: number; readonly size: number } & Parameters<typeof pixelRows>[2],
): Promise<Rows> {
  const { perPrompt, size, ...reading } = options;
  const wanted = records.length * perPrompt;
  const chosen = rowsOfTexts(images, records, perPrompt);
  if (chosen.length < wanted)
    throw new FileError(
      folder,
      `its table lacks ${wanted - chosen.length} of ${wanted} images: expected ${perPrompt} of each of the ${records.length} prompts, by their exact text`,
    );
  return pixelRows(subset(images, chosen), size, reading);
}

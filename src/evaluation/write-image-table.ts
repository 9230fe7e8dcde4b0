/** A model's images as files with their table, so that they can be scored elsewhere, such as by CheXGenBench. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Papa from 'papaparse';
import { claimFolder, disclaimer, readRange, writeFileAtomic, writeSynthetic } from '../files/internal';
import type { Bench, EvaluatedModel } from './bench';
import { generatedImages } from './image-set';
import { IMAGE_TABLE } from './image-table';

/**
 * Writes a model's images of the bench's prompts as PNG files that say what they are, with the table beside them.
 *
 * @param folder a new one, or one that holds such a table
 * @returns the table's path
 * @throws FileError where the folder holds something else or cannot be written
 */
export async function writeImageTable(bench: Bench, model: EvaluatedModel, folder: string): Promise<string> {
  claimFolder(folder, 'images with their table', [IMAGE_TABLE]);
  const { pixels, size, records } = await generatedImages(bench, model);
  await mkdir(folder, { recursive: true });
  const rows: { prompt: string; img_savename: string }[] = [];
  for (let i = 0; i < pixels.length; i++) {
    bench.signal?.throwIfAborted();
    const name = `${String(i).padStart(6, '0')}.png`;
    const image = { width: size, height: size, channels: 1, pixels: await readRange(pixels, i, i + 1) } as const;
    await writeSynthetic(join(folder, name), image, { Comment: disclaimer, prompt: records[i]!.text });
    rows.push({ prompt: records[i]!.text, img_savename: name });
    bench.progress(`files of ${model.name}`, i + 1, pixels.length);
  }
  const table = join(folder, IMAGE_TABLE);
  await writeFileAtomic(table, `${Papa.unparse(rows, { newline: '\n' })}\n`);
  return table;
}

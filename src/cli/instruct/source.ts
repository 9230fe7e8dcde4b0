/** Where instructions come from, and the pictures that they show. */

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Dataset, openDataset } from '../../datasets';
import { claimFolder, writeSynthetic } from '../../files/internal';
import { type InstructSource, instructSource, labelledRecords, phantomStudiesToAsk } from '../../systems';
import type { Context } from '../context';
import { wholeNumber } from '../numbers';
import { oneBar } from '../one-bar';

export interface SourceFlags {
  out: string;
  count: number;
  size: number;
  seed: number;
}

export interface OpenSource {
  /** New or empty. */
  readonly folder: string;
  readonly source: InstructSource;
  /** Draws the phantom's pictures of some records into the folder, where the samples' paths lead; those of a data set are in its own folder. */
  draw(records: readonly number[]): Promise<void>;
}

/** Adds the source and the options of the phantom. */
export const sourceOptions = (command: Command, count: number): Command =>
  command
    .argument('<source>', '"phantom", or the folder of a data set with reports or labels')
    .requiredOption('--out <folder>', 'a new or empty folder')
    .option('--count <n>', 'studies of the phantom', wholeNumber(1), count)
    .option('--size <n>', "width and height of the phantom's images in pixels", wholeNumber(32), 256)
    .option('--seed <n>', 'another seed, other samples and, of the phantom, other patients', wholeNumber(0), 0);

/** @throws FileError where the folder is not empty or the data set can't be opened */
export async function openSource(name: string, { out, count, size, seed }: SourceFlags, context: Context): Promise<OpenSource> {
  const folder = resolve(out);
  claimFolder(folder, 'instructions', []);
  const dataset: Dataset =
    name === 'phantom' ? phantomStudiesToAsk({ seed, count, views: ['PA', 'AP', 'LATERAL'] }) : await openDataset({ data: resolve(name) });
  for (const note of dataset.notes ?? []) context.say(note);
  const source = instructSource({ dataset, records: labelledRecords(dataset) });
  return {
    folder,
    source,
    async draw(records) {
      if (name !== 'phantom') {
        context.say(`Paths of images begin in ${resolve(name)}.`);
        return;
      }
      await mkdir(join(folder, 'images'), { recursive: true });
      const bars = oneBar();
      try {
        for (const [done, i] of records.entries()) {
          context.signal.throwIfAborted();
          const pixels = await dataset.pixels(i, size);
          await writeSynthetic(join(folder, source.path(i)), { width: size, height: size, channels: 1, pixels });
          bars.show('Images drawn', done + 1, records.length);
        }
      } finally {
        bars.end();
      }
    },
  };
}

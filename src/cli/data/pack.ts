/** `roentgen data pack SOURCE`: any data as WebDataset shards. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openDataset, packShards } from '../../datasets';
import { asUsage, type Context } from '../context';
import { addColumnOptions, type DataFlags, dataOf } from '../data-options';
import { lineProgress } from '../line-progress';
import { wholeNumber } from '../numbers';

interface Flags extends Omit<DataFlags, 'data'> {
  readonly out: string;
  readonly size?: number;
  readonly shardSize: number;
  readonly json?: boolean;
}

/** The command's arguments, options and action. */
export function addPack(command: Command, context: Context): void {
  addColumnOptions(
    command
      .description(
        'write images with their texts, labels and patients as WebDataset shards (.tar): few large files in place of many small ones',
      )
      .argument('<source>', 'radiographs: a public set as published, images with texts, or "phantom" or "world"')
      .requiredOption('--out <folder>', 'a new or empty folder'),
  )
    .option(
      '--size <n>',
      "width and height of the images in pixels, written as 8-bit grey PNG; by default the images' files are copied",
      wholeNumber(1),
    )
    .option('--shard-size <mb>', 'most megabytes of a shard', wholeNumber(1), 500)
    .option('--json', 'print {folder, shards, images, bytes} as JSON')
    .addHelpText(
      'after',
      '\nTo train on them: roentgen train RECIPE --data FOLDER. In Python: webdataset.WebDataset("FOLDER/shard-{000000..000009}.tar").',
    )
    .action((source: string, flags: Flags) => packData(source, flags, context));
}

async function packData(source: string, flags: Flags, context: Context): Promise<void> {
  const dataset = await openDataset(dataOf('data pack', { ...flags, data: source }));
  for (const note of dataset.notes ?? []) context.say(`${source}: ${note}`);
  const { out, size, shardSize, json } = flags;
  const bar = lineProgress(process.stderr);
  const packed = await asUsage('data pack', () =>
    packShards(dataset, {
      folder: resolve(out),
      size,
      shardBytes: shardSize * 1e6,
      signal: context.signal,
      onProgress: (done, total) => bar.show(done, total, 'images packed'),
    }),
  ).finally(() => bar.end());
  for (const note of dataset.readingNotes?.() ?? []) context.say(`${source}: ${note}`);
  if (json) context.print(JSON.stringify(packed));
  else
    context.print(
      `${out}: ${packed.images} images in ${packed.shards === 1 ? 'one shard' : `${packed.shards} shards`}, ${(packed.bytes / 1e6).toFixed(1)} MB`,
    );
}

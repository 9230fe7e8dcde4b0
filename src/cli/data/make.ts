/** `roentgen data make phantom`: the phantom as a folder that other tools read. */

import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import { writePhantom } from '../../datasets';
import { asUsage, type Context } from '../context';
import { lineProgress } from '../line-progress';
import { numberIn, wholeNumber } from '../numbers';

interface Flags {
  count: number;
  size: number;
  out: string;
  seed: number;
  children: number;
  volumes?: number;
  json?: boolean;
}

/** The subcommand's arguments, options and action. */
export function addMake(command: Command, context: Context): void {
  command
    .description('write a synthetic data set: images, reports, labels, entities, masks, boxes, changes over time; not for diagnosis')
    .addArgument(new Argument('<what>', 'which data set').choices(['phantom']))
    .requiredOption('--out <folder>', 'a new or empty folder')
    .option('--count <n>', 'how many studies', wholeNumber(1), 100)
    .option('--size <n>', 'width and height of the images in pixels, 32 to 1024', wholeNumber(32), 256)
    .option('--seed <n>', 'another seed, other patients', wholeNumber(0), 0)
    .option('--children <share>', 'share of patients who are children, 0 to 1', numberIn(0, 1), 0)
    .option(
      '--volumes <mm>',
      "each study's anatomy as a volume in Hounsfield units (NIfTI) too, with voxels of 1.5 to 10 mm",
      numberIn(1.5, 10),
    )
    .option('--json', 'print {folder, patients, studies, images, masks, journeys} as JSON')
    .addHelpText(
      'after',
      "\nThe layout is MIMIC-CXR's, with invented ids; README.txt in the folder says which file holds what. Same options, same bytes." +
        '\nTo train on it: roentgen train RECIPE --data FOLDER.',
    )
    .action((_: string, flags: Flags) => makePhantom(flags, context));
}

async function makePhantom({ out, count, size, seed, children, volumes, json }: Flags, context: Context): Promise<void> {
  const bar = lineProgress(process.stderr);
  const written = await asUsage('data make', () =>
    writePhantom({
      folder: resolve(out),
      count,
      size,
      seed,
      children,
      volumes,
      signal: context.signal,
      onProgress: (done, total) => bar.show(done, total, 'studies written'),
    }),
  ).finally(() => bar.end());
  if (json) context.print(JSON.stringify(written));
  else
    context.print(
      `${out}: ${written.studies} studies of ${written.patients} patients: ${written.images} images, ${written.masks} masks, ` +
        `${written.journeys} pairs of studies; synthetic, not for diagnosis`,
    );
}

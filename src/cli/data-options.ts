/** Options that name a dataset, the same for every command that takes one. */

import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Contrast, OpenDatasetOptions } from '../datasets';
import { contrasts, findTable } from '../datasets/internal';
import type { DicomGreys } from '../files';
import { UsageError } from './context';

export interface DataFlags {
  data?: string;
  csv?: string;
  imageColumn?: string;
  textColumn?: string;
  patientColumn?: string;
  skipUnreadable?: boolean;
  window?: DicomGreys;
  contrast?: Contrast;
}

/** Adds the options. */
export function addDataOptions(command: Command): Command {
  return addColumnOptions(
    command.option(
      '--data <folder>',
      'radiographs: a public set as published, images with texts, or WebDataset shards; or one of the built-in "phantom" and "world"; phantom where it is left out',
    ),
  );
}

/** Adds those of a table of texts. */
export function addColumnOptions(command: Command): Command {
  return command
    .option(
      '--csv <file>',
      'table with a text for each image (CSV, TSV, JSON lines or Parquet), where the folder has no known layout; a path, or a file of the folder',
    )
    .option('--image-column <name>', "the table's column of image files")
    .option('--text-column <name>', "the table's column of texts")
    .option(
      '--patient-column <name>',
      "the table's column that tells patients apart; without it every picture counts as a patient, with all rows that show it",
    )
    .option(
      '--window <centre,width>',
      'of DICOM images: a window, or "file" for the one that they bring; else their whole range is shown',
      parseWindow,
    )
    .addOption(new Option('--contrast <change>', 'change the contrast of images that are read').choices([...contrasts]))
    .option(
      '--skip-unreadable',
      'look at every image first, and leave out and count those that cannot be read; otherwise the first is an error',
    );
}

/** "40,400" or "file". */
function parseWindow(text: string): DicomGreys {
  if (text === 'file') return text;
  const [centre, width, ...rest] = text.split(',').map(Number);
  if (!Number.isFinite(centre) || !(width! > 0 && Number.isFinite(width)) || rest.length > 0)
    throw new InvalidArgumentError('Expected a centre and a width, such as 40,400, or "file".');
  return { centre: centre!, width: width! };
}

/**
 * The dataset that options name, with absolute paths; the phantom where they name none.
 *
 * @param where the command, for errors
 * @throws UsageError where columns are named of what is built in; FileError where the table is not there
 */
export function dataOf(where: string, flags: DataFlags): OpenDatasetOptions {
  const { data = 'phantom', csv } = flags;
  const named = (['csv', 'imageColumn', 'textColumn', 'patientColumn'] as const).filter((name) => flags[name] !== undefined);
  if (data === 'phantom' || data === 'world') {
    if (flags.window) throw new UsageError(`${where}: --window is for DICOM images of a folder; name it with --data`);
    if (named.length > 0) throw new UsageError(`${where}: --csv and its columns describe a folder of images; name it with --data`);
    return { data, ...(flags.contrast && { contrast: flags.contrast }) };
  }
  const folder = resolve(data);
  const columns = Object.fromEntries(named.map((name) => [name, flags[name]]));
  const { skipUnreadable, window: greys, contrast } = flags;
  const how = { ...(skipUnreadable && { skipUnreadable }), ...(greys && { greys }), ...(contrast && { contrast }) };
  return { data: folder, ...columns, ...how, csv: csv === undefined ? undefined : findTable(folder, csv) };
}

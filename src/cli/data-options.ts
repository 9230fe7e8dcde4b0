/** Options that name a dataset, the same for every command that takes one. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { OpenDatasetOptions } from '../datasets';
import { findTable } from '../datasets/internal';
import { UsageError } from './context';

export interface DataFlags {
  data?: string;
  csv?: string;
  imageColumn?: string;
  textColumn?: string;
  patientColumn?: string;
  skipUnreadable?: boolean;
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
      '--skip-unreadable',
      'look at every image first, and leave out and count those that cannot be read; otherwise the first is an error',
    );
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
    if (named.length > 0) throw new UsageError(`${where}: --csv and its columns describe a folder of images; name it with --data`);
    return { data };
  }
  const folder = resolve(data);
  const columns = Object.fromEntries(named.map((name) => [name, flags[name]]));
  const skip = flags.skipUnreadable ? { skipUnreadable: true } : {};
  return { data: folder, ...columns, ...skip, csv: csv === undefined ? undefined : findTable(folder, csv) };
}

/** Folders that open by themselves: published collections and the usual forms of images with texts. */

import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FileError } from '../files';
import { openCaptions } from './captions';
import type { Dataset } from './dataset';
import { openFolder } from './folder';
import {
  findChexpert,
  findCovid,
  findDrrRate,
  findMimic,
  findNihTable,
  findOpenI,
  findPadchest,
  findVindr,
  openChexpert,
  openCovid,
  openDrrRate,
  openMimic,
  openNih,
  openOpenI,
  openPadchest,
  openVindr,
} from './published';
import { otherForm } from './read-table';
import { openShards, shardsIn } from './shards';

/** Columns of a table, by the options that name them. */
type ColumnNames = Readonly<Partial<Record<'imageColumn' | 'textColumn' | 'patientColumn', string>>>;

/** The table that `datasets` and diffusers expect in a folder of images. */
const METADATA = ['metadata.jsonl', 'metadata.csv', 'metadata.parquet'];

const collections = [
  { find: findNihTable, open: openNih },
  { find: findOpenI, open: openOpenI },
  { find: findMimic, open: openMimic },
  { find: findChexpert, open: openChexpert },
  { find: findPadchest, open: openPadchest },
  { find: findVindr, open: openVindr },
  { find: findDrrRate, open: openDrrRate },
  { find: findCovid, open: openCovid },
];

/**
 * Opens a folder of a known layout: NIH ChestX-ray14, Open-i, MIMIC-CXR-JPG, CheXpert, PadChest, VinDr-CXR, DRR-RATE, the COVID-19 collection, a `metadata.jsonl`, `metadata.csv` or `metadata.parquet` (`file_name`, `text`, or the columns that are
 * named), texts beside the images, or WebDataset shards.
 *
 * @throws FileError where it is of none, saying what it holds and what to do; RangeError where columns are named of a layout that has its own
 */
export async function openLayout(folder: string, columns: ColumnNames): Promise<Dataset> {
  const collection = collections.find(({ find }) => find(folder) !== undefined);
  if (collection) {
    refuseColumns(basename(collection.find(folder)!), columns);
    return collection.open(folder);
  }
  const metadata = findMetadata(folder);
  if (metadata !== undefined) {
    const { imageColumn = 'file_name', textColumn = 'text', patientColumn } = columns;
    return openFolder({
      folder: join(metadata, '..'),
      csv: metadata,
      skipEmptyText: true,
      inside: true,
      imageColumn,
      textColumn,
      patientColumn,
    });
  }
  const captions = await openCaptions(folder);
  if (captions === undefined && shardsIn(folder).length > 0) {
    refuseColumns('a folder of shards', columns);
    return openShards(folder);
  }
  if (captions === undefined) throw new FileError(folder, `is of no known layout; ${whatToDo(folder)}`);
  refuseColumns('a folder with a text beside each image', columns);
  return captions;
}

function refuseColumns(layout: string, columns: ColumnNames): void {
  if (Object.values(columns).some((name) => name !== undefined))
    throw new RangeError(`${layout} is read by its own columns; name the table whose columns these are (--csv), or leave them out`);
}

/** The folder's table of metadata, or that of its only folder that has one. @throws FileError where several folders have one */
function findMetadata(folder: string): string | undefined {
  const metadataIn = (inside: string): string | undefined => METADATA.map((name) => join(inside, name)).find((path) => existsSync(path));
  const direct = metadataIn(folder);
  if (direct !== undefined) return direct;
  const inner = readdirSync(folder)
    .sort()
    .flatMap((name) => metadataIn(join(folder, name)) ?? []);
  if (inner.length > 1)
    throw new FileError(
      folder,
      `has a table of metadata in ${inner.length} of its folders, the first is ${inner[0]}; name one of these folders`,
    );
  return inner[0];
}

/** What a person does with a folder that is of no known layout, by what it holds. */
function whatToDo(folder: string): string {
  const names = readdirSync(folder).sort();
  const other = names.find((name) => otherForm(name) !== undefined);
  if (other !== undefined) return `${other} ${otherForm(other)}`;
  const table = names.find((name) => /\.(csv|tsv|jsonl|parquet)$/i.test(name)) ?? 'a table of texts';
  return `name ${table} with --csv, and its columns with --image-column and --text-column`;
}

/** Journeys that a table names, in the form of InstructX2X: images in the folders `past` and `current`. */

import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Dataset, PublishedSplit } from '../../../datasets';
import { findImages, findTable, isEmptyCell, leftOut, readTable, type TableEntry, tableDataset } from '../../../datasets/internal';
import { FileError } from '../../../files';
import type { Journeys } from './journeys';

const COLUMNS = ['split', 'past_dicom_id', 'current_dicom_id', 'instruction'] as const;
const FOLDERS = { past: 'past', current: 'current' } as const;

/** Parts by the names that tables give them. */
const SPLITS: Readonly<Record<string, PublishedSplit>> = {
  train: 'train',
  val: 'validate',
  valid: 'validate',
  validate: 'validate',
  validation: 'validate',
  dev: 'validate',
  test: 'test',
};

export interface TableJourneysOptions {
  /** Holds the folders `past` and `current` with the images, any format, and folders in them. */
  readonly folder: string;
  /** The table (`readTable`): a path as typed, or a file of the folder. */
  readonly csv: string;
  /** The only part that is taken; all where it is left out. */
  readonly split?: PublishedSplit;
}

/**
 * Opens a table with the columns `split`, `past_dicom_id`, `current_dicom_id` and `instruction`; others are passed over. Ids are names of images, with or without
 * their ending. Rows without instruction or image are left out and counted.
 *
 * @throws FileError where folder, table or column is missing, a split has another name, an id is empty (rows are named), or no row is left
 */
export async function tableJourneys({ folder, csv, split: only }: TableJourneysOptions): Promise<Journeys> {
  for (const name of Object.values(FOLDERS))
    if (!existsSync(join(folder, name)))
      throw new FileError(folder, `has no folder ${name}; expected ${FOLDERS.past} and ${FOLDERS.current} with the images`);
  const table = findTable(folder, csv);
  const { rows } = await readTable(table, COLUMNS);
  const [past, current] = [await findImages(join(folder, FOLDERS.past)), await findImages(join(folder, FOLDERS.current))];
  const out = leftOut();
  const entries: { readonly past: TableEntry; readonly current: TableEntry; readonly instruction: string }[] = [];
  for (const { number, cells } of rows) {
    const cell = (column: (typeof COLUMNS)[number]): string => cells[column]!.trim();
    const split = SPLITS[cell('split').toLowerCase()];
    if (!split)
      throw new FileError(table, `row ${number}: column split: expected train, validate or test, got ${JSON.stringify(cell('split'))}`);
    for (const column of ['past_dicom_id', 'current_dicom_id'] as const)
      if (isEmptyCell(cell(column))) throw new FileError(table, `row ${number}: column ${column} is empty; expected the name of an image`);
    const [before, after] = [past(cell('past_dicom_id')), current(cell('current_dicom_id'))];
    const instruction = cell('instruction').replace(/\s+/g, ' ');
    if (only !== undefined && split !== only) out.count(`are not of the part ${only}`);
    else if (isEmptyCell(instruction)) out.count('have no instruction');
    else if (before === undefined || after === undefined) out.count('have no image here');
    else {
      const record = { split, text: instruction, labels: {}, sides: {} };
      entries.push({
        past: { record: { ...record, id: cell('past_dicom_id') }, file: before, row: number },
        current: { record: { ...record, id: cell('current_dicom_id') }, file: after, row: number },
        instruction,
      });
    }
  }
  const notes = out.notes(rows.length, `rows of ${basename(table)}`);
  if (entries.length === 0) throw new FileError(table, `has no row to learn from. ${notes.join(' ')}`.trim());
  const name = basename(resolve(folder));
  const credit = `From the folder ${name}; origin and licence as its owner says.`;
  const imagesOf = async (which: keyof typeof FOLDERS): Promise<Dataset> =>
    tableDataset({
      name,
      credit,
      findings: [],
      folder: join(resolve(folder), FOLDERS[which]),
      table,
      entries: entries.map((entry) => entry[which]),
    });
  return {
    name,
    credit,
    length: entries.length,
    notes,
    instructions: entries.map(({ instruction }) => instruction),
    priors: await imagesOf('past'),
    laters: await imagesOf('current'),
  };
}

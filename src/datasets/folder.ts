/** Anyone's images: a folder, and a table that says which text belongs to which file. */

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { FileError } from '../files';
import type { Dataset, ImageRecord } from './dataset';
import { isEmptyCell, nameRows, type Row, readTable } from './read-table';
import { type TableEntry, tableDataset } from './table';

export interface FolderOptions {
  /** Where the images lie. */
  folder: string;
  /** The table (`readTable`): a path as typed, or a file of the folder. */
  csv: string;
  /** Column with the image's path, relative to the folder. */
  imageColumn: string;
  textColumn: string;
  /** Column that is equal for images of one patient; without it every image counts as a patient of its own, all rows that show it together. */
  patientColumn?: string;
  /** Columns of findings: 1, 0, true, false, yes, no; empty or -1 (uncertain) is unknown. */
  labelColumns?: readonly string[];
  /** Refuses paths of images that lead out of the folder: for tables that came with the data. A table that you name may say where images lie. */
  inside?: boolean;
  /** Leaves rows without text (`isEmptyCell`) out and counts them (`Dataset.notes`); otherwise they are an error. */
  skipEmptyText?: boolean;
}

/**
 * Opens a folder of images with a table of texts.
 *
 * @throws FileError where folder, table or a column is missing, an image is not there, or a cell is empty or not a label; rows are named
 */
export async function openFolder(options: FolderOptions): Promise<Dataset> {
  const { folder, imageColumn, textColumn, patientColumn, labelColumns = [], skipEmptyText = false, inside = false } = options;
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new FileError(folder, 'there is no such folder; expected one with images');
  const csv = findTable(folder, options.csv);
  const needed = [imageColumn, textColumn, ...(patientColumn === undefined ? [] : [patientColumn]), ...labelColumns];
  const { rows } = await readTable(csv, needed);

  const withText = rows.filter(({ cells }) => !isEmptyCell(cells[textColumn]!));
  const empty = rows.filter(({ cells }) => isEmptyCell(cells[textColumn]!)).map(({ number }) => number);
  if (withText.length === 0) throw new FileError(csv, `column ${textColumn}: no row has a text`);
  if (empty.length > 0 && !skipEmptyText)
    throw new FileError(
      csv,
      `column ${textColumn}: ${nameRows(empty)}: the text is empty; fill it in or leave such rows out (skipEmptyText)`,
    );

  const entries = withText.map((row): TableEntry => {
    const file = required(csv, row, imageColumn);
    return {
      record: {
        id: file,
        patient: patientColumn === undefined ? undefined : required(csv, row, patientColumn),
        text: row.cells[textColumn]!.trim(),
        ...readLabels(csv, row, labelColumns),
        sides: {},
      },
      file,
      row: row.number,
    };
  });
  const name = basename(resolve(folder));
  return tableDataset({
    name,
    credit: `From the folder ${name}; origin and licence as its owner says.`,
    findings: labelColumns,
    folder,
    table: csv,
    entries,
    own: !inside,
    notes:
      empty.length === 0
        ? []
        : [`${basename(csv)}: ${empty.length} of ${rows.length} rows have no text and are left out (${nameRows(empty)}).`],
  });
}

/**
 * A table as a person types it: a path, or the name of a file in the folder of images.
 *
 * @returns its path, absolute
 * @throws FileError where it is neither
 */
export function findTable(folder: string, csv: string): string {
  const path = [resolve(csv), resolve(folder, csv)].find((candidate) => existsSync(candidate));
  if (path === undefined) throw new FileError(csv, `there is no such file, neither here nor in ${folder}`);
  return path;
}

function required(csv: string, { number, cells }: Row, column: string): string {
  const value = cells[column]!.trim();
  if (isEmptyCell(value)) throw new FileError(csv, `row ${number}: column ${column} is empty`);
  return value;
}

const present = ['1', '1.0', 'true', 'yes', 'y'];
const absent = ['0', '0.0', 'false', 'no', 'n'];
const uncertain = ['-1', '-1.0'];

/**
 * Labels of a row's columns, and which of them are uncertain.
 *
 * @param name what a column's label is called, by default that of the column
 * @throws FileError where a cell is none
 */
export function readLabels(
  csv: string,
  { number, cells }: Row,
  columns: readonly string[],
  name: (column: string) => string = (column) => column,
): Pick<ImageRecord, 'labels' | 'uncertain'> {
  const labels: Record<string, 0 | 1> = {};
  const open: string[] = [];
  for (const column of columns) {
    const cell = cells[column]!;
    if (cell === '') continue;
    const value = cell.trim().toLowerCase();
    if (present.includes(value)) labels[name(column)] = 1;
    else if (absent.includes(value)) labels[name(column)] = 0;
    else if (uncertain.includes(value)) open.push(name(column));
    else if (!isEmptyCell(value))
      throw new FileError(csv, `row ${number}: column ${column}: expected 1, 0, -1 or nothing, got ${JSON.stringify(cell.slice(0, 40))}`);
  }
  return open.length === 0 ? { labels } : { labels, uncertain: open };
}

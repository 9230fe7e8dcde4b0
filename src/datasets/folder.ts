/** Anyone's images: a folder, and a CSV that says which text belongs to which file. */

import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { FileError } from '../files';
import type { Dataset } from './dataset';
import { frequentFindings, nameRows, type Row, readCsv, rowNumber, type TableEntry, tableDataset } from './table';

export interface FolderOptions {
  /** Where the images lie. */
  folder: string;
  /** The table: a path as typed, or a file of the folder. */
  csv: string;
  /** Column with the image's path, relative to the folder. */
  imageColumn: string;
  textColumn: string;
  /** Column that is equal for images of one patient; without it every image counts as a patient of its own. */
  patientColumn?: string;
  /** Columns of findings: 1, 0, true, false, yes, no; empty or -1 (uncertain) is unknown. */
  labelColumns?: readonly string[];
  /** Leaves rows without text out; otherwise they are an error. */
  skipEmptyText?: boolean;
}

/**
 * Opens a folder of images with a CSV of texts.
 *
 * @throws FileError where folder, CSV or a column is missing, an image is not there, or a cell is empty or not a label; rows are named
 */
export async function openFolder(options: FolderOptions): Promise<Dataset> {
  const { folder, imageColumn, textColumn, patientColumn, labelColumns = [], skipEmptyText = false } = options;
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new FileError(folder, 'there is no such folder; expected one with images');
  const csv = await findCsv(folder, options.csv);
  const needed = [imageColumn, textColumn, ...(patientColumn === undefined ? [] : [patientColumn]), ...labelColumns];
  const all = (await readCsv(csv, needed)).map((row, i) => ({ row, number: rowNumber(i) }));

  const withText = all.filter(({ row }) => row[textColumn]!.trim() !== '');
  const empty = all.filter(({ row }) => row[textColumn]!.trim() === '').map(({ number }) => number);
  if (withText.length === 0) throw new FileError(csv, `column ${textColumn}: no row has a text`);
  if (empty.length > 0 && !skipEmptyText)
    throw new FileError(
      csv,
      `column ${textColumn}: ${nameRows(empty)}: the text is empty; fill it in or leave such rows out (skipEmptyText)`,
    );

  const seen = new Set<string>();
  const entries = withText.map(({ row, number }): TableEntry => {
    const file = required(csv, row, number, imageColumn);
    const id = seen.has(file) ? `${file}#${number}` : file;
    seen.add(file);
    const patient = patientColumn === undefined ? id : required(csv, row, number, patientColumn);
    return {
      record: { id, patient, text: row[textColumn]!.trim(), labels: labelsOf(csv, row, number, labelColumns), sides: {} },
      file,
      row: number,
    };
  });
  const name = basename(resolve(folder));
  const records = entries.map(({ record }) => record);
  return tableDataset({
    name,
    credit: `From the folder ${name}; origin and licence as its owner says.`,
    findings: frequentFindings(records, labelColumns),
    folder,
    csv,
    entries,
  });
}

async function findCsv(folder: string, csv: string): Promise<string> {
  for (const candidate of [csv, join(folder, csv)]) if ((await stat(candidate).catch(() => undefined))?.isFile()) return candidate;
  throw new FileError(csv, `there is no such file, neither here nor in ${folder}`);
}

function required(csv: string, row: Row, number: number, column: string): string {
  const value = row[column]!.trim();
  if (value === '') throw new FileError(csv, `row ${number}: column ${column} is empty`);
  return value;
}

const present = ['1', '1.0', 'true', 'yes', 'y'];
const absent = ['0', '0.0', 'false', 'no', 'n'];
const unknown = ['', '-1', '-1.0', 'nan'];

function labelsOf(csv: string, row: Row, number: number, columns: readonly string[]): Record<string, 0 | 1> {
  const labels: Record<string, 0 | 1> = {};
  for (const column of columns) {
    const value = row[column]!.trim().toLowerCase();
    if (present.includes(value)) labels[column] = 1;
    else if (absent.includes(value)) labels[column] = 0;
    else if (!unknown.includes(value))
      throw new FileError(
        csv,
        `row ${number}: column ${column}: expected 1, 0, -1 or nothing, got ${JSON.stringify(row[column]!.slice(0, 40))}`,
      );
  }
  return labels;
}

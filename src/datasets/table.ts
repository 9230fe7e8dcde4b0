/** CSV files with a header, and the dataset that a table of image files makes. */

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { FileError, readText } from '../files';
import { checkIndex, type Dataset, type ImageRecord } from './dataset';
import { sharedDepth } from './depth';
import { readSquare } from './square';

/** A line of the table by column name. */
export type Row = Readonly<Record<string, string>>;

/** Row numbers as a spreadsheet shows them: the header is row 1. */
export function rowNumber(index: number): number {
  return index + 2;
}

/**
 * Reads a comma-separated file (RFC 4180, UTF-8, with or without byte order mark).
 *
 * @param columns that must be there
 * @throws FileError where it cannot be read, is not CSV, has no rows, or lacks a column (its columns are listed)
 */
export async function readCsv(path: string, columns: readonly string[]): Promise<Row[]> {
  const text = await readText(path);
  let rows: string[][];
  try {
    rows = parse(text, { skip_empty_lines: true, relax_column_count: false }) as string[][];
  } catch (error) {
    throw new FileError(path, `is not valid CSV: ${(error as Error).message}`, error);
  }
  const header = (rows.shift() ?? []).map((name) => name.trim());
  for (const column of columns) {
    const count = header.filter((name) => name === column).length;
    if (count === 0) throw new FileError(path, `has no column ${JSON.stringify(column)}; its columns are ${header.join(', ') || '(none)'}`);
    if (count > 1) throw new FileError(path, `has ${count} columns ${JSON.stringify(column)}; expected one`);
  }
  if (rows.length === 0) throw new FileError(path, 'has a header but no rows');
  return rows.map((cells) => Object.fromEntries(header.map((name, i) => [name, cells[i]!])));
}

/** One image of a table. */
export interface TableEntry {
  readonly record: ImageRecord;
  /** Relative to the folder, or absolute. */
  readonly file: string;
  /** As `rowNumber`. */
  readonly row: number;
}

const mostNamed = 5;

/** "row 3", "rows 3, 7 and 12 others". */
export function nameRows(rows: readonly number[]): string {
  const shown = rows.slice(0, mostNamed).join(', ');
  const more = rows.length > mostNamed ? ` and ${rows.length - mostNamed} others` : '';
  return `row${rows.length > 1 ? 's' : ''} ${shown}${more}`;
}

/**
 * A dataset of image files. That every file is there is checked now, that it is an image when its pixels are asked for.
 *
 * @throws FileError naming the rows whose image is missing
 */
export async function tableDataset(options: {
  name: string;
  credit: string;
  findings: readonly string[];
  folder: string;
  csv: string;
  entries: readonly TableEntry[];
}): Promise<Dataset> {
  const { name, credit, findings, folder, csv, entries } = options;
  const paths = entries.map(({ file }) => resolve(folder, file));
  const fingerprint = createHash('sha256');
  const missing: number[] = [];
  // A few hundred at a time: a large collection has more files than a process may have requests.
  for (let from = 0; from < paths.length; from += 256) {
    const found = await Promise.all(paths.slice(from, from + 256).map((path) => stat(path).catch(() => undefined)));
    found.forEach((file, i) => {
      if (file?.isFile()) fingerprint.update(JSON.stringify([paths[from + i], file.size, file.mtimeMs]));
      else missing.push(from + i);
    });
  }
  if (missing.length > 0) {
    const first = join(folder, entries[missing[0]!]!.file);
    const rows = nameRows(missing.map((i) => entries[i]!.row));
    throw new FileError(csv, `${missing.length} of ${entries.length} images are missing (${rows}); the first is ${first}`);
  }
  const self = { name, length: entries.length };
  const depth = sharedDepth([...new Set(paths)]);
  return {
    ...self,
    credit,
    findings,
    fingerprint: fingerprint.digest('hex'),
    record(i) {
      checkIndex(self, i);
      return entries[i]!.record;
    },
    readingNotes: depth.notes,
    async pixels(i, size) {
      checkIndex(self, i);
      try {
        return await readSquare(paths[i]!, size, (used) => depth.bits(paths[i]!, used));
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        const message = error.message.replace(`${error.path}: `, '');
        throw new FileError(error.path, `${message}; row ${entries[i]!.row} of ${basename(csv)}`, error.cause);
      }
    },
  };
}

/** Labels that are present in and absent from at least 20 images and 2% of them, in the given order. */
export function frequentFindings(records: readonly ImageRecord[], names: readonly string[]): string[] {
  const least = Math.max(20, 0.02 * records.length);
  return names.filter((name) => {
    const count = (value: 0 | 1): number => records.reduce((sum, { labels }) => sum + Number(labels[name] === value), 0);
    return count(1) >= least && count(0) >= least;
  });
}

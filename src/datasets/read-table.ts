/** Tables of text: comma- or tab-separated with a header, JSON lines, or Parquet. */

import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parse } from 'papaparse';
import { FileError, readText } from '../files';
import { describeSystemError } from '../files/internal';
import { cellText } from './cell-text';
import { readParquet } from './read-parquet';
import type { Row, Table } from './table-rows';

export { isEmptyCell } from './empty-cell';
export type { Row, Table } from './table-rows';

/** Forms that hold tables or whole sets but are not read here, and the way round. */
const convert = 'save it as CSV (in Python: pandas.read_…(path).to_csv("texts.csv", index=False))';
const unpack = 'extract it, and name the folder';
const otherForms: Readonly<Record<string, string>> = {
  '.feather': `is a Feather file; ${convert}`,
  '.arrow': `is an Arrow file; ${convert}`,
  '.xlsx': `is an Excel workbook; save it as CSV UTF-8`,
  '.xls': `is an Excel workbook; save it as CSV UTF-8`,
  '.ods': `is a spreadsheet; save it as CSV, UTF-8`,
  '.json': 'is JSON; save it as JSON lines (.jsonl, an object a line) or as CSV',
  '.tar': `is an archive; name it alone where it holds images with texts (WebDataset), else extract it, and name the folder`,
  '.tgz': `is an archive; ${unpack}`,
  '.zip': `is an archive; ${unpack}`,
};

/** What a file of a form that is not read is, and what to do with it; undefined for any other file. */
export function otherForm(path: string): string | undefined {
  const name = basename(path).toLowerCase();
  return otherForms[name.endsWith('.tar.gz') ? '.tgz' : extname(name)];
}

/**
 * Reads a table by its file's name: `.jsonl` has an object a line, `.tsv` tabs, `.parquet` typed columns (`readParquet`), anything else commas (RFC 4180, a header
 * first) or, where the header has no comma, semicolons; UTF-8, with or without byte order mark; `.gz` behind it is unpacked. Rows of empty cells are passed over.
 *
 * @param columns that must be there
 * @param keep    the only columns of delimited text whose cells are kept, of very large tables; those that are not there are passed over
 * @throws FileError where it cannot be read, is of another form, is malformed (rows are named), has no rows, or lacks a column (its columns are listed)
 */
export async function readTable(path: string, columns: readonly string[] = [], keep?: readonly string[]): Promise<Table> {
  const form = otherForm(path);
  if (form) throw new FileError(path, form);
  return checked(/\.parquet$/i.test(path) ? await readParquet(path, columns) : await readLines(path, keep), columns);
}

async function readLines(path: string, keep: readonly string[] | undefined): Promise<Table> {
  const text = path.endsWith('.gz') ? await readZipped(path) : await readText(path);
  const name = path.replace(/\.gz$/, '').toLowerCase();
  return /\.(jsonl|ndjson)$/.test(name) ? readJsonLines(path, text) : readDelimited(path, text, name.endsWith('.tsv'), keep);
}

function checked(table: Table, columns: readonly string[]): Table {
  requireColumns(table, columns);
  if (table.rows.length === 0) throw new FileError(table.path, 'has a header but no rows');
  return table;
}

/** @throws FileError where a column is not there, or there twice */
export function requireColumns({ path, columns }: Table, needed: readonly string[]): void {
  for (const column of needed) {
    const count = columns.filter((name) => name === column).length;
    if (count === 0)
      throw new FileError(
        path,
        `has no column ${JSON.stringify(column)}; its columns are ${columns.filter(Boolean).join(', ') || '(none)'}` +
          `${columns.length === 1 && /[\t|]/.test(columns[0]!) ? '; save it with commas between them, or with tabs as .tsv' : ''}`,
      );
    if (count > 1) throw new FileError(path, `has ${count} columns ${JSON.stringify(column)}; expected one`);
  }
}

async function readZipped(path: string): Promise<string> {
  const parts: string[] = [];
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    await pipeline(createReadStream(path), createGunzip(), async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) parts.push(decoder.decode(piece, { stream: true }));
      parts.push(decoder.decode());
    });
    return parts.join('');
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
}

function readDelimited(path: string, text: string, tabs: boolean, keep: readonly string[] | undefined): Table {
  // One line end for the parser, which divides mixed ones wrongly.
  const { data, errors } = parse<string[]>(text.replace(/\r\n?/g, '\n'), { delimiter: tabs ? '\t' : delimiterOf(text), newline: '\n' });
  const [error] = errors;
  if (error)
    throw new FileError(path, `is not valid ${tabs ? 'TSV' : 'CSV'}: row ${error.row! + 1}: ${whatIsWrong[error.code] ?? error.code}`);
  const columns = (data[0] ?? []).map((name) => name.trim());
  while (columns.at(-1) === '') columns.pop(); // a comma at the end of every line, as in NIH's table of 2017
  const kept = [...columns.entries()].filter(([, name]) => keep?.includes(name) ?? true);
  const rows: Row[] = [];
  for (let i = 1; i < data.length; i++) {
    const given = data[i]!;
    let width = given.length;
    while (width > 0 && given[width - 1] === '') width--;
    if (width === 0) continue;
    const number = i + 1;
    if (given.length < columns.length || width > columns.length)
      throw new FileError(
        path,
        `row ${number}: expected ${columns.length} cells, as the header has, got ${Math.min(given.length, width)}; a text with commas stands in double quotes`,
      );
    const cells: Record<string, string> = {};
    for (const [column, name] of kept) cells[name] = given[column]!;
    rows.push({ number, cells });
  }
  return { path, columns, rows };
}

/** The parser's codes in words. */
const whatIsWrong: Readonly<Record<string, string>> = {
  InvalidQuotes: 'there is text behind the quote that closes a cell',
  MissingQuotes: 'a quote is opened that nothing closes',
};

/** Semicolons where the header has these and no comma, as spreadsheets write "CSV" where a comma stands in numbers. */
function delimiterOf(text: string): string {
  const header = /^[^\r\n]*/.exec(text)![0];
  return header.includes(';') && !header.includes(',') ? ';' : ',';
}

function readJsonLines(path: string, text: string): Table {
  const columns = new Set<string>();
  const rows: { number: number; cells: Record<string, string> }[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const value = parseLine(path, line, i + 1);
    for (const name of Object.keys(value)) columns.add(name);
    rows.push({ number: i + 1, cells: Object.fromEntries(Object.entries(value).map(([name, cell]) => [name, cellText(cell)])) });
  });
  for (const { cells } of rows) for (const name of columns) cells[name] ??= '';
  return { path, columns: [...columns], rows };
}

function parseLine(path: string, line: string, number: number): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new FileError(path, `row ${number}: is not JSON`, error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FileError(path, `row ${number}: expected a JSON object, as in {"file_name": "a.png", "text": "…"}`);
  return value;
}

const mostNamed = 5;

/** "row 3", "rows 3, 7 and 12 others". */
export function nameRows(rows: readonly number[]): string {
  const shown = rows.slice(0, mostNamed).join(', ');
  const more = rows.length > mostNamed ? ` and ${rows.length - mostNamed} others` : '';
  return `row${rows.length > 1 ? 's' : ''} ${shown}${more}`;
}

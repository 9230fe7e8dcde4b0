/** The paper's own numbers, for tables beside ours that nobody takes for measured here. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Cell, ResultTable } from './result';

/** What a file of `data/paper` holds. */
export interface PaperTable<Row> {
  readonly source: string;
  /** What is known to be wrong with it. */
  readonly notes?: readonly string[];
  readonly rows: readonly Row[];
}

/** A table of RoentGen (arXiv:2211.12737) by its number. */
export function readPaperTable<Row>(number: number): PaperTable<Row> {
  return readPaper<PaperTable<Row>>(`table${number}`);
}

/** A table of another paper by its file's name. */
export function readPaperFile<Row>(name: string): PaperTable<Row> {
  return readPaper<PaperTable<Row>>(name);
}

const readPaper = <T>(name: string): T =>
  JSON.parse(readFileSync(resolve(__dirname, '..', '..', 'data', 'paper', `${name}.json`), 'utf8')) as T;

/** Rows of the paper as a table of their own, each row named as the paper's. */
export function paperTable(number: number, rows: readonly Readonly<Record<string, Cell>>[]): ResultTable {
  return {
    name: `paper-table-${number}`,
    title: `The paper's Table ${number}: real radiographs of MIMIC-CXR and a model of 860 million parameters, not measured here`,
    rows: rows.map((row) => ({ source: 'paper', ...row })),
  };
}

interface PaperPart {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly model: string; readonly values: readonly number[] }[];
}

/** A part of Table 4 as it is printed, in hundredths, with the names of columns as far as they are known. */
export function paperTableFour(name: 'report generation' | 'image–image retrieval' | 'image–text retrieval'): ResultTable {
  const { parts } = readPaper<{ readonly parts: readonly PaperPart[] }>('table4');
  const { columns, rows } = parts.find((part) => part.name === name)!;
  return {
    name: `paper-${name.replace(/[– ]/g, '-')}`,
    title: `The paper's own Table 4, ${name}: MIMIC-CXR, other networks, hundredths, no intervals printed; not to be compared cell by cell`,
    rows: rows.map(({ model, values }) => ({
      "the paper's model": model,
      ...Object.fromEntries(columns.map((column, i) => [`paper: ${column}`, values[i]!])),
    })),
  };
}

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
  return JSON.parse(readFileSync(resolve(__dirname, '..', '..', 'data', 'paper', `table${number}.json`), 'utf8')) as PaperTable<Row>;
}

/** Rows of the paper as a table of their own, each row named as the paper's. */
export function paperTable(number: number, rows: readonly Readonly<Record<string, Cell>>[]): ResultTable {
  return {
    name: `paper-table-${number}`,
    title: `The paper's Table ${number}: real radiographs of MIMIC-CXR and a model of 860 million parameters, not measured here`,
    rows: rows.map((row) => ({ source: 'paper', ...row })),
  };
}

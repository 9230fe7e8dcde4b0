/** What an evaluation found, as text for the terminal. */

import type { Finding, ResultTable } from '../evaluation';
import { cellText, columnsOf, numericColumns } from '../evaluation/internal';
import { alignColumns } from './table';

/** Its title, its rows with numbers on the right, and how intervals were got. */
export function tableLines(table: ResultTable): string[] {
  const columns = columnsOf(table);
  const numeric = numericColumns(table);
  const rows = alignColumns(
    [columns, ...table.rows.map((row) => columns.map((name) => cellText(row[name])))],
    columns.flatMap((name, i) => (numeric.includes(name) ? [i] : [])),
  );
  return [table.title, ...rows, ...(table.intervals ? [`(${table.intervals})`] : [])];
}

export const findingLine = ({ finding, here, verdict }: Finding): string => `${finding}: ${verdict} (${here})`;

/** Tables of arquero for cells. */

import { jupyterDisplay } from './displayable';
import type { MimeBundle } from './host';
import { columnsOf, table } from './table';

/** Rows of a long table that a cell shows. */
const SHOWN = 100;

/** A value of each row: arquero turns the function's text into its own query, or takes a column's name. */
// biome-ignore lint/suspicious/noExplicitAny: a table does not know the types of its columns, and `row.share > 0.1` must read as it does in arquero
export type TableExpression = string | ((row: any) => unknown);

/**
 * What an arquero table does in most cells (https://idl.uw.edu/arquero/api/table, which has the rest and says what each takes). Its own declarations do not
 * pass a strict check of libraries, so that they can't be part of this one's.
 */
export interface ArqueroTable {
  numRows(): number;
  columnNames(): string[];
  /** A column's values. */
  array(column: string): unknown[];
  get(column: string, row?: number): unknown;
  objects(): Readonly<Record<string, unknown>>[];
  filter(criteria: TableExpression): ArqueroTable;
  derive(values: Readonly<Record<string, TableExpression>>): ArqueroTable;
  select(...columns: readonly unknown[]): ArqueroTable;
  orderby(...keys: readonly unknown[]): ArqueroTable;
  groupby(...keys: readonly unknown[]): ArqueroTable;
  rollup(values: Readonly<Record<string, unknown>>): ArqueroTable;
  count(): ArqueroTable;
  pivot(keys: unknown, values: unknown): ArqueroTable;
  join(other: ArqueroTable, on?: unknown, values?: unknown): ArqueroTable;
  concat(...others: readonly ArqueroTable[]): ArqueroTable;
  slice(from: number, to?: number): ArqueroTable;
  toCSV(): string;
  toMarkdown(): string;
}

/**
 * Rows as a table of arquero, to be filtered, grouped and derived from. A cell whose last expression is such a table, or one that was made of it, shows it as
 * `table` does, of a long one the first 100 rows.
 *
 * @param rows  objects, not all of which need to have all keys
 * @example (await toTable(rows)).filter((row) => row.kind === 'label').orderby('share')
 */
export async function toTable(rows: readonly object[]): Promise<ArqueroTable> {
  const arquero = await import('arquero'); // an ES module
  Object.defineProperty(arquero.ColumnTable.prototype, jupyterDisplay, { value: shown, configurable: true });
  return arquero.table(columnsOf(rows as readonly Readonly<Record<string, unknown>>[])) as unknown as ArqueroTable;
}

function shown(this: ArqueroTable): MimeBundle {
  const count = this.numRows();
  return count > SHOWN ? table(this.slice(0, SHOWN), { title: `the first ${SHOWN} of ${count} rows` }).bundle() : table(this).bundle();
}

import type { ColumnTable } from 'arquero' with { 'resolution-mode': 'import' };
import { jupyterDisplay } from './displayable';
import type { MimeBundle } from './host';
import { columnsOf, table } from './table';

/** Rows of a long table that a cell shows. */
const SHOWN = 100;

/**
 * Rows as a table of arquero (https://idl.uw.edu/arquero), to be filtered, grouped and derived from. A cell whose last expression is such a table, or one that was
 * made of it, shows it as `table` does, of a long one the first 100 rows.
 *
 * @param rows  objects, not all of which need to have all keys
 * @example (await toTable(rows)).filter((row) => row.kind === 'label').orderby('share')
 */
export async function toTable(rows: readonly object[]): Promise<ColumnTable> {
  const arquero = await import('arquero'); // an ES module
  Object.defineProperty(arquero.ColumnTable.prototype, jupyterDisplay, { value: shown, configurable: true });
  return arquero.table(columnsOf(rows as readonly Readonly<Record<string, unknown>>[]));
}

function shown(this: ColumnTable): MimeBundle {
  const count = this.numRows();
  return count > SHOWN ? table(this.slice(0, SHOWN), { title: `the first ${SHOWN} of ${count} rows` }).bundle() : table(this).bundle();
}

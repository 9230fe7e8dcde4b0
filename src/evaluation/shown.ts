/** A result's tables as people read them: in cells, in a terminal, in CSV files. */

import { type ArqueroTable, type Displayable, table, toTable } from '../display';
import { type Cell, isEstimate, type ResultTable } from './result';

/** Three significant digits, more of what is near 1. */
function shortly(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) return value.toExponential(1);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value.toFixed(3);
}

/** `0.953 (0.92 to 0.97)`; whole numbers as they are. */
export function cellText(cell: Cell | undefined): string {
  if (cell === undefined || cell === null) return '–';
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return Number.isInteger(cell) ? String(cell) : shortly(cell);
  const { value, low, high } = cell;
  if (!Number.isFinite(low) || !Number.isFinite(high)) return shortly(value);
  return `${shortly(value)} (${shortly(low)} to ${shortly(high)})`;
}

/** The names of a table's columns, in the order in which rows first have them. */
export function columnsOf({ rows }: ResultTable): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

/** Columns of numbers. */
export function numericColumns(from: ResultTable): string[] {
  return columnsOf(from).filter((name) => from.rows.some((row) => typeof row[name] === 'number' || isEstimate(row[name])));
}

/** The table in a cell or on a page. */
export function showTable(from: ResultTable): Displayable {
  const columns = columnsOf(from);
  const rows = from.rows.map((row) => Object.fromEntries(columns.map((name) => [name, cellText(row[name])])));
  return table(rows, { title: from.title, figures: numericColumns(from) });
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** The cells as JSON and CSV can hold them: null in place of numbers that there are none of, such as the interval of one seed. */
export function finiteCells(row: ResultTable['rows'][number]): Readonly<Record<string, unknown>> {
  const plain = (cell: Cell): unknown =>
    isEstimate(cell)
      ? { value: finite(cell.value), low: finite(cell.low), high: finite(cell.high) }
      : typeof cell === 'number'
        ? finite(cell)
        : cell;
  return Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, plain(cell)]));
}

/** One value a cell: an estimate has three columns, `FID`, `FID low` and `FID high`. */
export function flatRows(from: ResultTable): Readonly<Record<string, string | number | null>>[] {
  const columns = columnsOf(from);
  const wide = new Set(columns.filter((name) => from.rows.some((row) => isEstimate(row[name]))));
  return from.rows.map((row) =>
    Object.fromEntries(
      columns.flatMap((name): [string, string | number | null][] => {
        const cell = row[name] ?? null;
        const [value, low, high] = isEstimate(cell)
          ? [cell.value, cell.low, cell.high].map(finite)
          : [typeof cell === 'number' ? finite(cell) : cell];
        if (!wide.has(name)) return [[name, value ?? null]];
        return [
          [name, value ?? null],
          [`${name} low`, low ?? null],
          [`${name} high`, high ?? null],
        ];
      }),
    ),
  );
}

/** A result's table as an arquero table, with `low` and `high` of each number beside it. */
export async function resultTable(from: ResultTable): Promise<ArqueroTable> {
  return toTable(flatRows(from));
}

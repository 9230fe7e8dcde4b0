import { type Displayable, displayable } from './displayable';
import { escapeHtml } from './escape';
import { columnFormat } from './numbers';

/** A table of a library, such as arquero's, that gives its rows as objects. */
export interface Frame {
  objects(): readonly object[];
}

/** Columns by name. */
export type TableColumns = Readonly<Record<string, readonly unknown[]>>;

/** Rows as objects with the same keys, columns by name, or a table of a library. */
export type TableInput = readonly Readonly<Record<string, unknown>>[] | TableColumns | Frame;

/** What goes with a table. */
export interface TableOptions {
  /** A line above it. */
  readonly title?: string;
  /** Columns of text that hold figures, such as "29.0 ± 18.5": they are aligned right as numbers are. */
  readonly figures?: readonly string[];
}

interface Column {
  readonly name: string;
  readonly cells: readonly string[];
  readonly numeric: boolean;
}

/**
 * A table: HTML in a notebook, aligned text elsewhere. Numbers of a column have the same number of decimals and are aligned right;
 * missing values stay empty; text is shown as text.
 *
 * @throws RangeError where columns differ in length
 * @example table([{ finding: 'effusion', auroc: 0.953 }, { finding: 'edema', auroc: 0.871 }])
 */
export function table(input: TableInput, options: TableOptions = {}): Displayable {
  const data = isFrame(input) ? (input.objects() as readonly Readonly<Record<string, unknown>>[]) : input;
  const columns = Object.entries(isRows(data) ? columnsOf(data) : data).map(([name, values]) => {
    const column = formatColumn(name, values);
    return options.figures?.includes(name) ? { ...column, numeric: true } : column;
  });
  const length = columns[0]?.cells.length ?? 0;
  for (const { name, cells } of columns) {
    if (cells.length !== length)
      throw new RangeError(`table: column ${JSON.stringify(name)}: expected ${length} values, got ${cells.length}`);
  }
  const title = options.title ?? '';
  return displayable(() => ({ 'text/html': tableHtml(columns, length, title), 'text/plain': tableText(columns, length, title) }));
}

function isFrame(input: TableInput): input is Frame {
  return typeof (input as { objects?: unknown }).objects === 'function';
}

function isRows(input: Exclude<TableInput, Frame>): input is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(input);
}

/** Columns in the order in which the rows first name them. */
export function columnsOf(rows: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown[]> {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return Object.fromEntries(Array.from(names, (name) => [name, rows.map((row) => row[name])]));
}

function formatColumn(name: string, values: readonly unknown[]): Column {
  const numeric = values.some((value) => typeof value === 'number') && values.every((value) => value == null || typeof value === 'number');
  return { name, cells: Array.from(values, columnFormat(values)), numeric };
}

function tableHtml(columns: readonly Column[], length: number, title: string): string {
  const cell = (tag: string, { numeric }: Column, text: string): string =>
    `<${tag} style="text-align:${numeric ? 'right' : 'left'};padding:3px 12px 3px 0">${escapeHtml(text)}</${tag}>`;
  const head = columns.map((column) => cell('th', column, column.name)).join('');
  const rows = Array.from({ length }, (_, i) => `<tr>${columns.map((column) => cell('td', column, column.cells[i]!)).join('')}</tr>`);
  const caption = title === '' ? '' : `<caption style="text-align:left;padding:0 0 4px">${escapeHtml(title)}</caption>`;
  const style = 'border-collapse:collapse;font-variant-numeric:tabular-nums;margin:4px 0';
  return `<table class="rg-table" style="${style}">${caption}<thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function tableText(columns: readonly Column[], length: number, title: string): string {
  const widths = columns.map(({ name, cells }) => Math.max(name.length, ...cells.map((text) => text.length)));
  const pad = (text: string, i: number): string => (columns[i]!.numeric ? text.padStart(widths[i]!) : text.padEnd(widths[i]!));
  const line = (texts: readonly string[]): string => texts.map(pad).join('  ').trimEnd();
  const rows = Array.from({ length }, (_, i) => line(columns.map(({ cells }) => cells[i]!.replaceAll('\n', ' '))));
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [...(title === '' ? [] : [title]), line(columns.map(({ name }) => name)), rule, ...rows].join('\n');
}

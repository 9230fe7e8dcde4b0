/** Tables as comma-separated text (RFC 4180), whose columns are the keys of their rows. */

/** What a cell holds; nothing is an empty cell. */
export type Cell = string | number | undefined;

function quoted(cell: Cell): string {
  const text = cell === undefined ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Header and rows; every row has the first one's keys. */
export function toCsv(columns: readonly string[], rows: readonly Readonly<Record<string, Cell>>[]): string {
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
}

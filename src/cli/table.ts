/** Text tables for the terminal. */

/** Pads each column to its widest cell; the last one is left as it is. Columns in `right` are aligned on the right. */
export function alignColumns(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        if (right.includes(column)) return cell.padStart(widths[column]!);
        return column === row.length - 1 ? cell : cell.padEnd(widths[column]!);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Up to three significant digits: `0`, `1.23e-6`, `0.0412`, `512`. */
export function shortNumber(x: number | null): string {
  if (x === null || !Number.isFinite(x)) return '-';
  if (x === 0) return '0';
  const size = Math.abs(x);
  return size < 1e-3 || size >= 1e5 ? x.toExponential(2) : String(Number(x.toPrecision(3)));
}

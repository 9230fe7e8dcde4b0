/** Rows of comma- or tab-separated text (RFC 4180): quotes around cells, doubled within them; lines end as on any system, also mixed. */

/** One row: its cells, in order. */
export type Cells = string[];

const [QUOTE, NEWLINE, RETURN] = [0x22, 0x0a, 0x0d];

/**
 * Divides a text into rows and cells. Hundreds of thousands of rows are read at once, so it goes over the characters once and copies nothing that it need not.
 *
 * @param delimiter one character
 * @param take      is called with each row's cells and its number, from 0
 * @throws RangeError for a quote within a cell that is not quoted, text behind a closing quote, and a quote that nothing closes, with the row (the header is row 1) and not what it holds
 */
export function forEachRow(text: string, delimiter: string, take: (cells: Cells, row: number) => void): void {
  const between = delimiter.charCodeAt(0);
  let rows = 0;
  let cells: Cells = [];
  let at = 0;
  while (at < text.length) {
    let cell: string;
    if (text.charCodeAt(at) === QUOTE) {
      const start = at + 1;
      let doubled = false;
      for (;;) {
        at = text.indexOf('"', at + 1);
        if (at < 0) throw new RangeError(`row ${rows + 1}: a quote is opened that nothing closes`);
        if (text.charCodeAt(at + 1) !== QUOTE) break;
        doubled = true;
        at++;
      }
      cell = text.slice(start, at++);
      if (doubled) cell = cell.replaceAll('""', '"');
    } else {
      const start = at;
      for (; at < text.length; at++) {
        const code = text.charCodeAt(at);
        if (code === between || code === NEWLINE || code === RETURN) break;
        if (code === QUOTE) throw new RangeError(`row ${rows + 1}: a quote stands within a cell that is not in quotes`);
      }
      cell = text.slice(start, at);
    }
    cells.push(cell);
    if (at >= text.length) break;
    const code = text.charCodeAt(at++);
    if (code === between) {
      if (at === text.length) cells.push('');
      continue;
    }
    if (code !== NEWLINE && code !== RETURN) throw new RangeError(`row ${rows + 1}: there is text behind the quote that closes a cell`);
    if (code === RETURN && text.charCodeAt(at) === NEWLINE) at++;
    take(cells, rows++);
    cells = [];
  }
  if (cells.length > 0) take(cells, rows);
}

/** Cells that hold nothing. */

/** What pandas writes and reads for "nothing here", lower-case. */
const nothing = new Set([
  '',
  'nan',
  '-nan',
  'none',
  'null',
  'na',
  'n/a',
  '<na>',
  '#na',
  '#n/a',
  '#n/a n/a',
  '1.#ind',
  '-1.#ind',
  '1.#qnan',
  '-1.#qnan',
]);

/** Whether a cell holds nothing: empty, or one of the words that tables have for it, such as `nan`, `None`, `NULL`, `N/A`. */
export function isEmptyCell(cell: string): boolean {
  return nothing.has(cell.trim().toLowerCase());
}

/** Flat plates (a shoulder blade, a pacemaker's can) as shadows: an outline of constant thickness. */

import { type Grid, project, uToColumn, type Vec3, type View, vToRow } from './view';

/** Four scan lines a pixel row: edges without steps. */
const SUBROWS = 4;

/**
 * Adds a plate's shadow to an image.
 *
 * @param canvas   [width * width], row-major, row 0 at the top
 * @param outline  corners of a simple polygon in the body, in order
 * @param amount   what the plate adds where it is
 */
export function addPlate(canvas: Float32Array, outline: readonly Vec3[], amount: number, view: View, grid: Grid): void {
  const n = outline.length;
  const p = new Float64Array(4);
  const columns = new Float64Array(n);
  const rows = new Float64Array(n);
  outline.forEach(([x, y, z], i) => {
    project(view, x, y, z, p);
    columns[i] = uToColumn(grid, p[0]!);
    rows[i] = vToRow(grid, p[1]!);
  });
  const top = Math.max(0, Math.floor(Math.min(...rows)));
  const bottom = Math.min(grid.width - 1, Math.ceil(Math.max(...rows)));
  const part = amount / SUBROWS;
  for (let line = top * SUBROWS; line < (bottom + 1) * SUBROWS; line++) {
    const y = (line + 0.5) / SUBROWS - 0.5;
    const crossings: number[] = [];
    for (let i = 0; i < n; i++) {
      const j = (i + 1) % n;
      if (rows[i]! <= y !== rows[j]! <= y)
        crossings.push(columns[i]! + ((y - rows[i]!) / (rows[j]! - rows[i]!)) * (columns[j]! - columns[i]!));
    }
    crossings.sort((a, b) => a - b);
    const at = Math.floor(line / SUBROWS) * grid.width;
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      const [from, to] = [crossings[k]!, crossings[k + 1]!];
      for (let column = Math.max(0, Math.floor(from)); column <= Math.min(grid.width - 1, Math.ceil(to)); column++) {
        const covered = Math.min(1, Math.max(0, column + 0.5 - from)) - Math.min(1, Math.max(0, column + 0.5 - to));
        canvas[at + column]! += part * covered;
      }
    }
  }
}

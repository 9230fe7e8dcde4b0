/**
 * From the body to the detector. Body coordinates in cm: x to the patient's left, y to the front, z up.
 * On the detector u runs to the right and v up, both in cm from the central ray; t is the depth along the ray.
 */

/** A point or direction in the body, [x, y, z] in cm. */
export type Vec3 = readonly [number, number, number];

/** How rays run through the body: parallel, turned about the body's axis, with each depth magnified as the source's distance says. */
export interface View {
  readonly cos: number;
  readonly sin: number;
  /** 1 / (distance of the source from the body's axis, cm), negative where the source is on the side of greater t. */
  readonly divergence: number;
}

/**
 * A view of the body.
 *
 * @param angle     turn of the body about its long axis in radians; 0 is frontal (patient's right on the image's left), π/2 shows the left side, front to the right
 * @param distance  of the source from the axis in cm; negative where the source is in front (AP) and not behind (PA)
 */
export function makeView(angle: number, distance: number): View {
  return { cos: Math.cos(angle), sin: Math.sin(angle), divergence: 1 / distance };
}

/** How much larger than on the axis a thing at depth t appears. */
export function magnification(view: View, t: number): number {
  return 1 / (1 + view.divergence * t);
}

/** Position on the detector and magnification of a point of the body: [u, v, magnification, t], written to `out`. */
export function project(view: View, x: number, y: number, z: number, out: Float64Array, at: number = 0): void {
  const t = -x * view.sin + y * view.cos;
  const m = 1 / (1 + view.divergence * t);
  out[at] = (x * view.cos + y * view.sin) * m;
  out[at + 1] = z * m;
  out[at + 2] = m;
  out[at + 3] = t;
}

/** The detector's pixel grid: square, centred at (u0, v0), `width` pixels of `pitch` cm per side. */
export interface Grid {
  readonly width: number;
  readonly pitch: number;
  readonly u0: number;
  readonly v0: number;
}

/** u of a column's centre. */
export function columnToU(grid: Grid, column: number): number {
  return grid.u0 + (column + 0.5 - grid.width / 2) * grid.pitch;
}

/** v of a row's centre; row 0 is the top. */
export function rowToV(grid: Grid, row: number): number {
  return grid.v0 - (row + 0.5 - grid.width / 2) * grid.pitch;
}

/** Column (a real number) of u. */
export function uToColumn(grid: Grid, u: number): number {
  return (u - grid.u0) / grid.pitch + grid.width / 2 - 0.5;
}

/** Row (a real number) of v. */
export function vToRow(grid: Grid, v: number): number {
  return (grid.v0 - v) / grid.pitch + grid.width / 2 - 0.5;
}

/**
 * Solids whose intersection with a ray has a closed form. In a plane of constant height each is an ellipse (or its squarer kin),
 * and so is its shadow: for a ray at u the solid lies between middle ± half.
 */

import { type Grid, magnification, rowToV, type Vec3, type View } from './view';

/** An ellipsoid, turned about any axes. */
export interface Ellipsoid {
  readonly kind: 'ellipsoid';
  readonly centre: Vec3;
  /** Half axes in cm. */
  readonly radii: Vec3;
  /** Unit vectors of the half axes; the body's axes if absent. */
  readonly axes?: readonly [Vec3, Vec3, Vec3];
}

/** A pile of ellipses, one for each height, such as a lung or a trunk: linear between the knots. */
export interface Stack {
  readonly kind: 'stack';
  /** Heights of the knots in cm, ascending. */
  readonly z: readonly number[];
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Half axes along x and y in cm. */
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** 0 is an ellipse, 1 the rounded square |x|⁴ + |y|⁴ = 1. */
  readonly squareness?: number;
}

export type Solid = Ellipsoid | Stack;

/** A solid's slices for all rows of a grid: five numbers a row, in the view's coordinates. */
export interface Slices {
  /** [centre u, reach in u (0: no slice), middle t at the centre, dt/du of the middle, half chord at the centre] for each row. */
  readonly rows: Float64Array;
  readonly squareness: number;
}

/** u, reach, t, slope, half chord: the stride of `Slices.rows`. */
export const SLICE = 5;

function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** Writes the slice of the ellipse {P_uu u² + 2 P_ut u t + P_tt t² ≤ r} around (u, t), magnified by m. */
function writeSlice(
  rows: Float64Array,
  at: number,
  u: number,
  t: number,
  m: number,
  puu: number,
  put: number,
  ptt: number,
  r: number,
): void {
  rows[at] = u * m;
  rows[at + 1] = Math.sqrt((r * ptt) / (puu * ptt - put * put)) * m;
  rows[at + 2] = t;
  rows[at + 3] = -put / ptt / m;
  rows[at + 4] = Math.sqrt(r / ptt);
}

function sliceEllipsoid(solid: Ellipsoid, view: View, grid: Grid): Slices {
  const rows = new Float64Array(grid.width * SLICE);
  const axes =
    solid.axes ??
    ([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ] as const);
  const directions: Vec3[] = [
    [view.cos, view.sin, 0],
    [-view.sin, view.cos, 0],
    [0, 0, 1],
  ];
  const form = (i: number, j: number): number =>
    axes.reduce((sum, axis, k) => sum + (dot(axis, directions[i]!) * dot(axis, directions[j]!)) / solid.radii[k]! ** 2, 0);
  const [puu, put, puz, ptt, ptz, pzz] = [form(0, 0), form(0, 1), form(0, 2), form(1, 1), form(1, 2), form(2, 2)];
  const det = puu * ptt - put * put;
  const du = (-ptt * puz + put * ptz) / det; // the slice's centre moves by this per cm of height
  const dt = (put * puz - puu * ptz) / det;
  const heightTerm = pzz + du * puz + dt * ptz; // what height alone takes from 1
  const u = dot(solid.centre, directions[0]!);
  const t = dot(solid.centre, directions[1]!);
  const m = magnification(view, t);
  for (let row = 0; row < grid.width; row++) {
    const dz = rowToV(grid, row) / m - solid.centre[2];
    const r = 1 - heightTerm * dz * dz;
    if (r > 0) writeSlice(rows, row * SLICE, u + du * dz, t + dt * dz, m, puu, put, ptt, r);
  }
  return { rows, squareness: 0 };
}

function sliceStack(solid: Stack, view: View, grid: Grid): Slices {
  const rows = new Float64Array(grid.width * SLICE);
  const { z, x, y, a, b } = solid;
  const last = z.length - 1;
  const middle = last >> 1;
  const m = magnification(view, -x[middle]! * view.sin + y[middle]! * view.cos);
  let k = last - 1;
  for (let row = 0; row < grid.width; row++) {
    const height = rowToV(grid, row) / m;
    if (height > z[last]! || height < z[0]!) continue;
    while (k > 0 && height < z[k]!) k--;
    const w = (height - z[k]!) / (z[k + 1]! - z[k]!);
    const halfX = a[k]! + w * (a[k + 1]! - a[k]!);
    const halfY = b[k]! + w * (b[k + 1]! - b[k]!);
    if (halfX <= 0 || halfY <= 0) continue;
    const cx = x[k]! + w * (x[k + 1]! - x[k]!);
    const cy = y[k]! + w * (y[k + 1]! - y[k]!);
    const [ia, ib] = [1 / (halfX * halfX), 1 / (halfY * halfY)];
    const { cos, sin } = view;
    writeSlice(
      rows,
      row * SLICE,
      cx * cos + cy * sin,
      -cx * sin + cy * cos,
      m,
      cos * cos * ia + sin * sin * ib,
      cos * sin * (ib - ia),
      sin * sin * ia + cos * cos * ib,
      1,
    );
  }
  return { rows, squareness: solid.squareness ?? 0 };
}

/** Prepares a solid for a view and a grid. */
export function slice(solid: Solid, view: View, grid: Grid): Slices {
  return solid.kind === 'stack' ? sliceStack(solid, view, grid) : sliceEllipsoid(solid, view, grid);
}

/**
 * Half the length of the ray's way through a slice at distance d (in units of the reach, |d| < 1) from its centre.
 * Between the ellipse's √(1 - d²) and the rounded square's ∜(1 - d⁴).
 */
export function halfChord(squareness: number, half: number, d: number): number {
  const q = d * d;
  const round = Math.sqrt(1 - q);
  return squareness === 0 ? half * round : half * (round + squareness * (Math.sqrt(Math.sqrt(1 - q * q)) - round));
}

/**
 * Adds a solid's thickness along each ray to an image.
 *
 * @param canvas  [width * width], row-major, row 0 at the top
 * @param amount  what one cm of it adds (negative takes away)
 */
export function addSolid(canvas: Float32Array, solid: Solid, view: View, grid: Grid, amount: number): void {
  const { rows, squareness } = slice(solid, view, grid);
  for (let row = 0; row < grid.width; row++) {
    const [u, reach, half] = [rows[row * SLICE]!, rows[row * SLICE + 1]!, rows[row * SLICE + 4]!];
    if (reach <= 0) continue;
    const centre = (u - grid.u0) / grid.pitch + grid.width / 2 - 0.5;
    const span = reach / grid.pitch;
    const end = Math.min(grid.width - 1, Math.floor(centre + span));
    for (let column = Math.max(0, Math.ceil(centre - span)); column <= end; column++) {
      const d = (column - centre) / span;
      if (d > -1 && d < 1) canvas[row * grid.width + column]! += 2 * amount * halfChord(squareness, half, d);
    }
  }
}

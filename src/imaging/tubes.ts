/** Curved tubes (ribs, vessels, catheters) as shadows: the chord of a round rod, along a polyline, with mitred joints. */

import { type Grid, project, type Vec3, type View } from './view';

/** A polyline with a radius at each point. */
export interface Tube {
  readonly points: readonly Vec3[];
  /** Outer radius in cm at each point, or one for all. */
  readonly radius: number | readonly number[];
  /** What one cm of the wall adds to the canvas. */
  readonly amount: number;
  /** Radius of the core as a part of the outer one, 0..1 (0 or absent: solid). */
  readonly core?: number;
  /** What one cm of the core adds, where there is one. */
  readonly coreAmount?: number;
}

/** The longest way through a rod that a ray takes, in radii: a rod seen end on is not endless. */
const LONGEST = 3.2;

/** One straight piece on the detector: ends, joint planes and radii in cm, and what a cm of wall and core adds. */
interface Piece {
  u0: number;
  v0: number;
  u1: number;
  v1: number;
  /** Directions across the joint planes at both ends. */
  b0u: number;
  b0v: number;
  b1u: number;
  b1v: number;
  r0: number;
  r1: number;
  wall: number;
  core: number;
  coreChange: number;
}

/** Adds the chords of one piece to the pixels between its joint planes. */
function addPiece(canvas: Float32Array, grid: Grid, p: Piece): void {
  const { width, pitch } = grid;
  const { u0, v0, u1, v1, r0, r1, wall, core, coreChange } = p;
  const thinnest = 0.62 * pitch;
  const flat = Math.sqrt((u1 - u0) ** 2 + (v1 - v0) ** 2);
  const nu = -(v1 - v0) / flat;
  const nv = (u1 - u0) / flat;
  const n0 = 1 / Math.sqrt(p.b0u ** 2 + p.b0v ** 2);
  const n1 = 1 / Math.sqrt(p.b1u ** 2 + p.b1v ** 2);
  const b0u = p.b0u * n0;
  const b0v = p.b0v * n0;
  const b1u = p.b1u * n1;
  const b1v = p.b1v * n1;
  const reach = Math.max(r0, r1, thinnest);
  const inverse = 1 / pitch;
  const half = width / 2 - 0.5;
  const left = Math.max(0, Math.ceil((Math.min(u0, u1) - reach - grid.u0) * inverse + half));
  const right = Math.min(width - 1, Math.floor((Math.max(u0, u1) + reach - grid.u0) * inverse + half));
  const top = Math.max(0, Math.ceil((grid.v0 - Math.max(v0, v1) - reach) * inverse + half));
  const bottom = Math.min(width - 1, Math.floor((grid.v0 - Math.min(v0, v1) + reach) * inverse + half));
  for (let row = top; row <= bottom; row++) {
    const v = grid.v0 - (row - half) * pitch;
    let from = left;
    let to = right;
    if (Math.abs(nu) > 0.05) {
      // only the columns that the band crosses in this row
      const middle = (u0 - ((v - v0) * nv) / nu - grid.u0) * inverse + half;
      const span = (reach / Math.abs(nu)) * inverse;
      from = Math.max(from, Math.ceil(middle - span));
      to = Math.min(to, Math.floor(middle + span));
    }
    for (let column = from; column <= to; column++) {
      const u = grid.u0 + (column - half) * pitch;
      const past0 = (u - u0) * b0u + (v - v0) * b0v;
      const past1 = (u - u1) * b1u + (v - v1) * b1v;
      if (past0 < 0 || past1 >= 0) continue;
      const r = r0 + ((r1 - r0) * past0) / (past0 - past1 + 1e-9);
      const across = (u - u0) * nu + (v - v0) * nv;
      const d2 = across * across;
      const wide = r > thinnest ? r : thinnest;
      if (d2 >= wide * wide) continue;
      let sum = wall * 2 * Math.sqrt(wide * wide - d2);
      if (r < wide) sum *= (r * r) / (wide * wide);
      const inner = core * core * r * r - d2;
      if (inner > 0) sum += coreChange * 2 * Math.sqrt(inner);
      canvas[row * width + column]! += sum;
    }
  }
}

/**
 * Adds a tube's shadow to an image. A tube thinner than a pixel is drawn a pixel wide with the same total.
 *
 * @param canvas  [width * width], row-major, row 0 at the top
 */
export function addTube(canvas: Float32Array, tube: Tube, view: View, grid: Grid): void {
  const n = tube.points.length;
  const p = new Float64Array(n * 4);
  for (let i = 0; i < n; i++) {
    const [x, y, z] = tube.points[i]!;
    project(view, x, y, z, p, 4 * i);
  }
  const radiusAt = (i: number): number => (typeof tube.radius === 'number' ? tube.radius : tube.radius[i]!) * p[4 * i + 2]!;
  const core = tube.core ?? 0;
  const coreChange = (tube.coreAmount ?? 0) - tube.amount;
  for (let i = 0; i + 1 < n; i++) {
    const [u0, v0, u1, v1] = [p[4 * i]!, p[4 * i + 1]!, p[4 * i + 4]!, p[4 * i + 5]!];
    const [du, dv, dt] = [u1 - u0, v1 - v0, p[4 * i + 7]! - p[4 * i + 3]!];
    const flat = Math.hypot(du, dv);
    if (flat < 1e-6) continue;
    const oblique = Math.min(Math.hypot(flat, dt) / flat, LONGEST); // a ray crosses the rod slantwise
    // Joint planes halve the angle with the neighbours, so that pieces meet without gap or overlap.
    const [before, after] = [Math.max(0, i - 1), Math.min(n - 1, i + 2)];
    let [b0u, b0v] = [u1 - p[4 * before]!, v1 - p[4 * before + 1]!];
    let [b1u, b1v] = [p[4 * after]! - u0, p[4 * after + 1]! - v0];
    if (b0u * du + b0v * dv < 0.2 * flat * Math.hypot(b0u, b0v)) [b0u, b0v] = [du, dv]; // a hairpin: cut square
    if (b1u * du + b1v * dv < 0.2 * flat * Math.hypot(b1u, b1v)) [b1u, b1v] = [du, dv];
    addPiece(canvas, grid, {
      u0,
      v0,
      u1,
      v1,
      b0u,
      b0v,
      b1u,
      b1v,
      r0: radiusAt(i),
      r1: radiusAt(i + 1),
      wall: tube.amount * oblique,
      core,
      coreChange: coreChange * oblique,
    });
  }
}

/** Numbers for one rod in `addRods`: both ends (x, y, z, x, y, z) and both radii, in cm. */
export const ROD = 8;

/**
 * Adds the shadows of many straight solid rods, such as a vessel tree's branches.
 *
 * @param rods    `ROD` numbers each
 * @param scale   factor of all radii
 * @param amount  what one cm of a rod of this radius adds
 */
export function addRods(
  canvas: Float32Array,
  rods: Float32Array,
  scale: number,
  amount: (radius: number) => number,
  view: View,
  grid: Grid,
): void {
  const p = new Float64Array(8);
  const thinnest = 0.2 * grid.pitch;
  for (let at = 0; at < rods.length; at += ROD) {
    const radius = rods[at + 6]! * scale;
    if (radius < thinnest) continue; // nothing to be seen at this pixel size
    project(view, rods[at]!, rods[at + 1]!, rods[at + 2]!, p, 0);
    project(view, rods[at + 3]!, rods[at + 4]!, rods[at + 5]!, p, 4);
    const u0 = p[0]!;
    const v0 = p[1]!;
    const u1 = p[4]!;
    const v1 = p[5]!;
    const du = u1 - u0;
    const dv = v1 - v0;
    const dt = p[7]! - p[3]!;
    const flat = Math.sqrt(du * du + dv * dv);
    if (flat < 1e-6) continue;
    const oblique = Math.min(Math.sqrt(flat * flat + dt * dt) / flat, LONGEST);
    addPiece(canvas, grid, {
      u0,
      v0,
      u1,
      v1,
      b0u: du,
      b0v: dv,
      b1u: du,
      b1v: dv,
      r0: radius * p[2]!,
      r1: rods[at + 7]! * scale * p[6]!,
      wall: amount(rods[at + 6]!) * oblique,
      core: 0,
      coreChange: 0,
    });
  }
}

/** A smooth curve through points (Catmull and Rom 1974), `pieces` straight pieces between neighbours. */
export function smoothCurve(points: readonly Vec3[], pieces: number): Vec3[] {
  const out: Vec3[] = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const [a, b, c, d] = [points[Math.max(0, i - 1)]!, points[i]!, points[i + 1]!, points[Math.min(points.length - 1, i + 2)]!];
    for (let k = 0; k < pieces; k++) {
      const s = k / pieces;
      const at = (j: 0 | 1 | 2): number =>
        b[j] + 0.5 * s * (c[j] - a[j] + s * (2 * a[j] - 5 * b[j] + 4 * c[j] - d[j] + s * (3 * (b[j] - c[j]) + d[j] - a[j])));
      out.push([at(0), at(1), at(2)]);
    }
  }
  out.push(points[points.length - 1]!);
  return out;
}

/** Ray sums through trunk and lungs: for each pixel the way of its ray through body, lungs and the organs between them. */

import {
  columnToU,
  type Grid,
  halfChord,
  type NoiseTile,
  rowToV,
  SLICE,
  type Slices,
  type Solid,
  sampleNoise,
  slice,
  type View,
} from '../../imaging';
import type { LungState, Opacity } from './effects';
import { Intervals, SliceRow } from './intervals';
import { type Lung, lungSolid } from './lungs';

// Names of another room are looked up at each use in CommonJS; the inner loops take them once.
const chord = halfChord;
const noiseAt = sampleNoise;

/** What rays pass: the union of `body`, minus air in the lungs where no `organs` are. */
export interface Thorax {
  readonly body: readonly Solid[];
  readonly organs: readonly Solid[];
  readonly lungs: readonly { readonly lung: Lung; readonly state: LungState }[];
  readonly noise: NoiseTile;
}

/** Per pixel: water in cm, and aerated lung in cm. */
export interface Traced {
  readonly water: Float32Array;
  readonly aerated: Float32Array;
}

/** Error function to 5e-4 (Abramowitz and Stegun 7.1.27): enough for clouds. */
function erf(x: number): number {
  const a = Math.abs(x);
  const p = 1 + a * (0.278393 + a * (0.230389 + a * (0.000972 + a * 0.078108)));
  const q = p * p;
  const y = 1 - 1 / (q * q);
  return x < 0 ? -y : y;
}

/** An opacity in the view's coordinates. */
interface Cloud extends Opacity {
  readonly u: number;
  readonly t: number;
  readonly ru: number;
  readonly rt: number;
}

function cloud(opacity: Opacity, view: View): Cloud {
  const [x, y] = opacity.centre;
  const [rx, ry] = opacity.radii;
  return {
    ...opacity,
    u: x * view.cos + y * view.sin,
    t: -x * view.sin + y * view.cos,
    ru: Math.hypot(rx * view.cos, ry * view.sin),
    rt: Math.hypot(rx * view.sin, ry * view.cos),
  };
}

/** One lung prepared for a view. */
interface Prepared {
  readonly cavity: Slices;
  readonly inner?: Slices;
  readonly state: LungState;
  readonly clouds: readonly Cloud[];
  readonly noise: NoiseTile;
  readonly view: View;
}

function prepare(lung: Lung, state: LungState, noise: NoiseTile, view: View, grid: Grid): Prepared {
  const { rim } = state;
  const inset = (z: number): number => {
    if (!rim) return 0;
    const part = Math.min(1, Math.max(0, (z - rim.from) / 2)) * Math.min(1, Math.max(0, (rim.to - z) / 2));
    return rim.inset * part * (rim.kind === 'air' ? 0.62 + 0.38 / (1 + Math.exp(-z / 3)) : 1);
  };
  return {
    cavity: slice(lungSolid(lung), view, grid),
    inner: rim && slice(lungSolid(lung, inset, rim.lower), view, grid),
    state,
    clouds: state.opacities.map((o) => cloud(o, view)),
    noise,
    view,
  };
}

/** Part of a piece of lung that is under fluid. The surface climbs towards the chest wall (Ellis-Damoiseau line). */
function flooded(p: Prepared, at: number, u: number, z: number, from: number, to: number): number {
  const { level, rise, softness } = p.state.fluid!;
  const { rows } = p.cavity;
  if (z > level + rise + 4 * softness) return 0;
  const du = (u - rows[at]!) / rows[at + 1]!;
  let sum = 0;
  for (let k = 0; k < 3; k++) {
    const t = from + ((to - from) * (k + 0.5)) / 3;
    const dt = (t - rows[at + 2]!) / rows[at + 4]!;
    const wall = Math.min(1, du * du + dt * dt);
    sum += 1 / (1 + Math.exp((z - level - rise * wall * wall) / (0.45 * softness)));
  }
  return sum / 3;
}

/** Air that clouds take from a piece of lung, as a part of its length. */
function clouded(p: Prepared, u: number, z: number, from: number, to: number): number {
  const length = to - from;
  let sum = 0;
  for (const c of p.clouds) {
    let du = (u - c.u) / c.ru;
    let dz = (z - c.centre[2]) / c.radii[2];
    if (du * du + dz * dz > 7) continue;
    const rough = 0.9 * c.patchiness;
    du += rough * 0.45 * noiseAt(p.noise, u * 0.55 + 7, z * 0.55);
    dz += rough * 0.45 * noiseAt(p.noise, u * 0.55 + 31, z * 0.55 + 11);
    let part = c.strength * Math.exp(-du * du - dz * dz) * 0.886 * c.rt * (erf((to - c.t) / c.rt) - erf((from - c.t) / c.rt));
    part *= Math.max(0.15, 1 + c.patchiness * 0.8 * noiseAt(p.noise, u * 1.25, z * 1.25 + 3));
    if (c.above !== undefined) part /= 1 + Math.exp((c.above - z) / 0.16);
    if (c.below !== undefined) part /= 1 + Math.exp((z - c.below) / 0.16);
    sum += part;
  }
  return 1 - Math.exp(-sum / length);
}

/** One piece of a ray in the cavity, free of organs; [in0, in1] is where the lung itself is, `line` the grazed pleura. */
function crossPiece(
  p: Prepared,
  at: number,
  u: number,
  z: number,
  from: number,
  to: number,
  in0: number,
  in1: number,
  line: number,
  sums: Float64Array,
): void {
  if (to - from < 0.02) return;
  const lung0 = from > in0 ? from : in0;
  const lung1 = to < in1 ? to : in1;
  const lungLength = lung1 > lung0 ? lung1 - lung0 : 0;
  const dry = p.state.fluid ? 1 - flooded(p, at, u, z, from, to) : 1;
  const clear = p.clouds.length > 0 && lungLength > 0.02 ? 1 - clouded(p, u, z, lung0, lung1) : 1;
  sums[0]! -= lungLength * dry * clear * (1 - p.state.density);
  sums[1]! += lungLength * dry;
  if (p.state.rim?.kind === 'air') sums[0]! -= (to - from - lungLength) * dry;
  sums[0]! += 0.5 * line * dry;
}

/** Where the lung is inside its cavity, on the ray at u: [from, to, how much pleura it grazes], written to `out`. */
function innerLung(p: Prepared, inner: Slices, at: number, u: number, middle: number, out: Float64Array): void {
  out[0] = out[1] = middle;
  out[2] = 0;
  const r = inner.rows;
  const reach = r[at + 1]!;
  const du = u - r[at]!;
  if (du >= reach || du <= -reach) return;
  const half = chord(inner.squareness, r[at + 4]!, du / reach);
  const centre = r[at + 2]! + r[at + 3]! * du;
  out[0] = centre - half;
  out[1] = centre + half;
  if (p.state.rim!.kind !== 'air' || reach < 0.3 || Math.abs(du) < 0.4 * reach) return;
  const thin = Math.abs(du) / (reach - 0.16); // the visceral pleura, seen where the ray grazes it
  out[2] = half - (thin < 1 ? chord(inner.squareness, r[at + 4]! - 0.06, thin) : 0);
}

const inside = new Float64Array(3);

/** Calls `each` with the pieces of a ray in one lung's cavity between the organs; `inside` then holds where the lung itself is. */
function freePieces(p: Prepared, organs: Intervals, at: number, u: number, each: (from: number, to: number) => void): void {
  const { rows, squareness } = p.cavity;
  const reach = rows[at + 1]!;
  const du = u - rows[at]!;
  if (du >= reach || du <= -reach) return;
  const half = chord(squareness, rows[at + 4]!, du / reach);
  const middle = rows[at + 2]! + rows[at + 3]! * du;
  inside[0] = -1e9;
  inside[1] = 1e9;
  if (p.inner) innerLung(p, p.inner, at, u, middle, inside);
  let start = middle - half;
  const end = middle + half;
  for (let i = 0; i < organs.count && organs.from[i]! < end; i++) {
    if (organs.to[i]! <= start) continue;
    if (organs.from[i]! > start) each(start, organs.from[i]!);
    start = organs.to[i]!;
    if (start >= end) return;
  }
  each(start, end);
}

/** The ray through one lung between the organs; adds to water (negative: less than a body full of it) and aerated lung. */
function crossLung(p: Prepared, organs: Intervals, at: number, u: number, z: number, sums: Float64Array): void {
  const { rows, squareness } = p.cavity;
  const reach = rows[at + 1]!;
  const du = u - rows[at]!;
  if (du >= reach || du <= -reach) return;
  const half = chord(squareness, rows[at + 4]!, du / reach);
  const middle = rows[at + 2]! + rows[at + 3]! * du;
  inside[0] = -1e9;
  inside[1] = 1e9;
  inside[2] = 0;
  if (p.inner) innerLung(p, p.inner, at, u, middle, inside);
  const in0 = inside[0]!;
  const in1 = inside[1]!;
  const line = inside[2]!;
  let start = middle - half;
  const end = middle + half;
  for (let i = 0; i < organs.count && organs.from[i]! < end; i++) {
    if (organs.to[i]! <= start) continue;
    if (organs.from[i]! > start) crossPiece(p, at, u, z, start, organs.from[i]!, in0, in1, line, sums);
    start = organs.to[i]!;
    if (start >= end) return;
  }
  crossPiece(p, at, u, z, start, end, in0, in1, line, sums);
}

/** Traces all rays of a grid. */
export function trace(thorax: Thorax, view: View, grid: Grid): Traced {
  const { width } = grid;
  const water = new Float32Array(width * width);
  const aerated = new Float32Array(width * width);
  const body = new SliceRow(thorax.body.map((s) => slice(s, view, grid)));
  const organs = new SliceRow(thorax.organs.map((s) => slice(s, view, grid)));
  const lungs = thorax.lungs.map(({ lung, state }) => prepare(lung, state, thorax.noise, view, grid));
  const cavities = new SliceRow(lungs.map((l) => l.cavity));
  const onRay = new Intervals();
  const sums = new Float64Array(2);
  const u0 = columnToU(grid, 0);
  for (let row = 0; row < width; row++) {
    const z = rowToV(grid, row);
    const at = row * SLICE;
    body.load(row);
    organs.load(row);
    cavities.load(row);
    for (let column = 0; column < width; column++) {
      const u = u0 + column * grid.pitch;
      if (u <= body.from || u >= body.to) continue;
      body.meet(onRay, u);
      if (onRay.count === 0) continue;
      sums[0] = onRay.length();
      sums[1] = 0;
      if (u > cavities.from && u < cavities.to) {
        organs.meet(onRay, u);
        for (const lung of lungs) crossLung(lung, onRay, at, u, z, sums);
      }
      water[row * width + column] = Math.max(0, sums[0]!);
      aerated[row * width + column] = sums[1]!;
    }
  }
  return { water, aerated };
}

/** Steps along rays: `count` of `step` cm, the first from depth `from`. */
export interface Steps {
  readonly from: number;
  readonly step: number;
  readonly count: number;
}

/** Calls `each` with the parts of [from, to) in every step. */
function inSteps({ from: start, step, count }: Steps, from: number, to: number, each: (k: number, from: number, to: number) => void): void {
  const last = Math.min(count - 1, Math.floor((to - start) / step));
  for (let k = Math.max(0, Math.floor((from - start) / step)); k <= last; k++) {
    const begin = start + k * step;
    each(k, Math.max(from, begin), Math.min(to, begin + step));
  }
}

/**
 * What rays pass in each step of their way, as parts of the step: [row, step, column] of water and of aerated lung. Their sums are those of `trace`, but for
 * the faint line of a grazed pleura.
 */
export function traceSteps(thorax: Thorax, view: View, grid: Grid, steps: Steps): Traced {
  const { width } = grid;
  const water = new Float32Array(width * steps.count * width);
  const aerated = new Float32Array(water.length);
  const body = new SliceRow(thorax.body.map((s) => slice(s, view, grid)));
  const organs = new SliceRow(thorax.organs.map((s) => slice(s, view, grid)));
  const lungs = thorax.lungs.map(({ lung, state }) => prepare(lung, state, thorax.noise, view, grid));
  const onRay = new Intervals();
  const sums = new Float64Array(2);
  for (let row = 0; row < width; row++) {
    const z = rowToV(grid, row);
    const at = row * SLICE;
    body.load(row);
    organs.load(row);
    for (let column = 0; column < width; column++) {
      const u = columnToU(grid, column);
      const place = (k: number): number => (row * steps.count + k) * width + column;
      body.meet(onRay, u);
      for (let i = 0, end = -1e9; i < onRay.count; i++) {
        const [from, to] = [Math.max(end, onRay.from[i]!), onRay.to[i]!];
        if (to <= from) continue;
        inSteps(steps, from, to, (k, a, b) => {
          water[place(k)]! += (b - a) / steps.step;
        });
        end = to;
      }
      organs.meet(onRay, u);
      for (const p of lungs)
        freePieces(p, onRay, at, u, (from, to) =>
          inSteps(steps, from, to, (k, a, b) => {
            sums[0] = sums[1] = 0;
            crossPiece(p, at, u, z, a, b, inside[0]!, inside[1]!, 0, sums);
            water[place(k)]! += sums[0]! / steps.step;
            aerated[place(k)]! += sums[1]! / steps.step;
          }),
        );
    }
  }
  return { water, aerated };
}

/** Shapes in a block of voxels: solids by the chords of rays from back to front, tubes and plates by the distance of a voxel's centre. */

import {
  columnToU,
  type Grid,
  halfChord,
  makeView,
  ROD,
  rowToV,
  SLICE,
  type Solid,
  slice,
  type Tube,
  type Vec3,
  type View,
} from '../../../imaging';
import type { Steps } from '../trace';

/** A block of voxels: rows downwards, steps from back to front, columns to the patient's left; [row, step, column]. */
export interface Voxels {
  readonly grid: Grid;
  readonly steps: Steps;
  readonly values: Float32Array;
}

/** Parallel rays from the patient's back to the front. */
export const THROUGH: View = makeView(0, Number.POSITIVE_INFINITY);

/** Adds `amount` where a solid is, by the part of each voxel that it fills along y. */
export function addSolidVoxels({ grid, steps, values }: Voxels, solid: Solid, amount: number): void {
  const { rows, squareness } = slice(solid, THROUGH, grid);
  const { width } = grid;
  for (let row = 0; row < width; row++) {
    const at = row * SLICE;
    const reach = rows[at + 1]!;
    if (reach <= 0) continue;
    for (let column = 0; column < width; column++) {
      const du = columnToU(grid, column) - rows[at]!;
      if (du >= reach || du <= -reach) continue;
      const half = halfChord(squareness, rows[at + 4]!, du / reach);
      const middle = rows[at + 2]! + rows[at + 3]! * du;
      const [from, to] = [(middle - half - steps.from) / steps.step, (middle + half - steps.from) / steps.step];
      for (let k = Math.max(0, Math.floor(from)); k < Math.min(steps.count, to); k++)
        values[(row * steps.count + k) * width + column]! += amount * (Math.min(to, k + 1) - Math.max(from, k));
    }
  }
}

/** A straight rod: both ends, both radii, what a cm of its wall adds and what its core differs by. */
interface Rod {
  readonly a: Vec3;
  readonly b: Vec3;
  readonly ra: number;
  readonly rb: number;
  readonly wall: number;
  readonly core: number;
  readonly coreChange: number;
}

/** Adds a rod. One thinner than a voxel is drawn a voxel wide with the same total. */
function addRodVoxels({ grid, steps, values }: Voxels, { a, b, ra, rb, wall, core, coreChange }: Rod): void {
  const { width, pitch } = grid;
  const along: Vec3 = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
  const length2 = along[0] ** 2 + along[1] ** 2 + along[2] ** 2;
  if (length2 < 1e-9) return;
  const thinnest = 0.62 * pitch;
  const reach = Math.max(ra, rb, thinnest) + 0.5 * pitch;
  const range = (lowest: number, highest: number, first: number, step: number, count: number): [number, number] => [
    Math.max(0, Math.ceil((lowest - reach - first) / step)),
    Math.min(count - 1, Math.floor((highest + reach - first) / step)),
  ];
  const [left, right] = range(Math.min(a[0], b[0]), Math.max(a[0], b[0]), columnToU(grid, 0), pitch, width);
  const [near, far] = range(Math.min(a[1], b[1]), Math.max(a[1], b[1]), steps.from + steps.step / 2, steps.step, steps.count);
  const [top, bottom] = range(-Math.max(a[2], b[2]), -Math.min(a[2], b[2]), -rowToV(grid, 0), pitch, width);
  for (let row = top; row <= bottom; row++) {
    const dz = rowToV(grid, row) - a[2];
    for (let k = near; k <= far; k++) {
      const dy = steps.from + (k + 0.5) * steps.step - a[1];
      for (let column = left; column <= right; column++) {
        const dx = columnToU(grid, column) - a[0];
        const s = (dx * along[0] + dy * along[1] + dz * along[2]) / length2;
        if (s < 0 || s >= 1) continue;
        const d = Math.sqrt(Math.max(0, dx * dx + dy * dy + dz * dz - s * s * length2));
        const r = ra + (rb - ra) * s;
        const wide = Math.max(r, thinnest);
        const covered = (radius: number): number => Math.min(1, Math.max(0, (radius - d) / pitch + 0.5));
        const sum = wall * covered(wide) * (r < wide ? (r / wide) ** 2 : 1) + (core > 0 ? coreChange * covered(core * r) : 0);
        if (sum !== 0) values[(row * steps.count + k) * width + column]! += sum;
      }
    }
  }
}

/** Adds a tube, piece by piece. */
export function addTubeVoxels(voxels: Voxels, tube: Tube, factor: number = 1): void {
  const radius = (i: number): number => (typeof tube.radius === 'number' ? tube.radius : tube.radius[i]!);
  const wall = tube.amount * factor;
  const coreChange = (tube.coreAmount ?? 0) * factor - wall;
  for (let i = 0; i + 1 < tube.points.length; i++)
    addRodVoxels(voxels, {
      a: tube.points[i]!,
      b: tube.points[i + 1]!,
      ra: radius(i),
      rb: radius(i + 1),
      wall,
      core: tube.core ?? 0,
      coreChange,
    });
}

/** Adds a vessel tree (`addRods`). */
export function addRodsVoxels(voxels: Voxels, rods: Float32Array, scale: number, amount: (radius: number) => number): void {
  for (let at = 0; at < rods.length; at += ROD) {
    const [x0, y0, z0, x1, y1, z1, r0, r1] = rods.subarray(at, at + ROD) as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    addRodVoxels(voxels, { a: [x0, y0, z0], b: [x1, y1, z1], ra: r0 * scale, rb: r1 * scale, wall: amount(r0), core: 0, coreChange: 0 });
  }
}

/** Adds a plate: `amount` in all along y, in the voxel that its plane passes. */
export function addPlateVoxels({ grid, steps, values }: Voxels, outline: readonly Vec3[], amount: number): void {
  // The plane through the outline, by the sum of its corners' cross products (Newell).
  const normal = [0, 0, 0];
  outline.forEach((p, i) => {
    const q = outline[(i + 1) % outline.length]!;
    for (let j = 0; j < 3; j++) normal[j]! += (p[(j + 1) % 3]! - q[(j + 1) % 3]!) * (p[(j + 2) % 3]! + q[(j + 2) % 3]!);
  });
  const middle = [0, 1, 2].map((j) => outline.reduce((sum, p) => sum + p[j]!, 0) / outline.length);
  for (let row = 0; row < grid.width; row++) {
    const z = rowToV(grid, row);
    for (let column = 0; column < grid.width; column++) {
      const x = columnToU(grid, column);
      let within = false;
      outline.forEach(([px, , pz], i) => {
        const [qx, , qz] = outline[(i + 1) % outline.length]!;
        if (pz > z !== qz > z && x < px + ((z - pz) / (qz - pz)) * (qx - px)) within = !within;
      });
      if (!within) continue;
      const y = middle[1]! - (normal[0]! * (x - middle[0]!) + normal[2]! * (z - middle[2]!)) / normal[1]!;
      const k = Math.floor((y - steps.from) / steps.step);
      if (k >= 0 && k < steps.count) values[(row * steps.count + k) * grid.width + column]! += amount / steps.step;
    }
  }
}

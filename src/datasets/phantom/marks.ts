/** What a radiographer adds: a lead letter for the side, and the collimator's edges. */

import { columnToU, type Grid, rowToV, type Tube, type Vec3 } from '../../imaging';
import type { Draws } from '../procedural';
import type { Study } from './types';

/** Strokes of the letters in a box from (0, 0) to (0.6, 1). */
const LETTERS: Record<'L' | 'R', readonly (readonly (readonly [number, number])[])[]> = {
  L: [
    [
      [0, 1],
      [0, 0],
      [0.55, 0],
    ],
  ],
  R: [
    [
      [0, 0],
      [0, 1],
      [0.4, 1],
      [0.55, 0.88],
      [0.55, 0.66],
      [0.4, 0.52],
      [0, 0.52],
    ],
    [
      [0.28, 0.52],
      [0.58, 0],
    ],
  ],
};

/** The side's letter near the upper corner of that side; it never lies. */
export function sideMarker(study: Study, grid: Grid, random: Draws): Tube[] {
  const left = random.chance(0.7);
  const shown = random.chance(0.8);
  const [inward, down, height] = [random.uniform(0.05, 0.12), random.uniform(0.05, 0.16), random.uniform(1.3, 1.9)];
  if (!shown || study.plain || study.view === 'LATERAL') return [];
  const field = grid.width * grid.pitch;
  const edge = columnToU(grid, 0) + (left ? 1 - inward : inward) * field;
  const u0 = left ? edge - 0.6 * height : edge;
  const v0 = rowToV(grid, 0) - down * field - height;
  return LETTERS[left ? 'L' : 'R'].map((stroke) => ({
    points: stroke.map(([u, v]): Vec3 => [u0 + u * height, 0, v0 + v * height]),
    radius: 0.11 * height,
    amount: 1.6,
  }));
}

/** Blackens what the collimator's shutters cover. Changes the image. */
export function collimate(grey: Float32Array, width: number, study: Study, random: Draws): void {
  const closed = random.chance(study.view === 'AP' ? 0.3 : 0.15);
  const [left, right, top, bottom] = [0, 1, 2, 3].map(() => Math.max(0, random.uniform(-0.05, 0.06)) * width) as [
    number,
    number,
    number,
    number,
  ];
  if (!closed || study.plain) return;
  const cover = (distance: number): number => Math.min(1, Math.max(0, distance));
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      const open = cover(x + 1 - left) * cover(width - x - right) * cover(y + 1 - top) * cover(width - y - bottom);
      if (open < 1) grey[y * width + x] = 0.02 + open * (grey[y * width + x]! - 0.02);
    }
  }
}

/** The lungs' shape, and what lies against it: diaphragm, chest wall, and surfaces inside a lung that keep a distance from the wall. */

import type { Stack } from '../../imaging';
import { interpolate } from './curves';
import { type Side, type Study, sign } from './types';

/** The thoracic cavity of one side for one study: edges over height, in cm. */
export interface Lung {
  readonly side: Side;
  readonly z: readonly number[];
  /** Distance of the outer and inner edge from the midline. */
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  readonly back: readonly number[];
  readonly front: readonly number[];
}

/** Knots of an average right lung at full inspiration: height, outer edge, inner edge, back, front. */
const KNOTS: readonly (readonly [number, number, number, number, number])[] = [
  [-16.6, 12.2, 4.5, -8.4, -8.2],
  [-15.6, 13.0, 2.2, -9.4, -5.8],
  [-14.2, 13.6, 1.2, -10.0, -1.5],
  [-12.6, 13.8, 0.6, -10.3, 4.0],
  [-10, 13.8, 0.5, -10.4, 7.6],
  [-6, 13.5, 0.5, -10.4, 8.6],
  [-2, 12.9, 0.6, -10.2, 8.8],
  [2, 12.1, 0.8, -9.7, 8.0],
  [6, 10.8, 1.0, -8.8, 6.2],
  [9, 9.4, 1.4, -7.6, 3.8],
  [11, 8.0, 2.1, -6.4, 1.4],
  [12.3, 6.5, 3.0, -5.2, -0.6],
  [12.8, 5.6, 3.8, -4.2, -1.8],
  [13, 4.7, 4.7, -3.0, -3.0],
];

/** Column k of the knots at height z. */
const knot = (z: number, k: 1 | 2 | 3 | 4): number => interpolate(KNOTS, z, k);

/** Heights at which stacks are given: dense towards the apex, where the outline bends. */
const HEIGHTS: readonly number[] = (() => {
  const out: number[] = [];
  for (let i = 0; i <= 60; i++) out.push(-16.6 + 29.6 * Math.sin((Math.PI / 2) * (i / 60)));
  return out;
})();

/** Distance of the outer lung edge from the midline at a height of the average adult, cm; constant above the apex. */
export function averageOuter(z: number): number {
  return z > 12.3 ? Math.max(3.6, 6.5 - (z - 12.3) * 1.6) : knot(Math.max(-16.6, z), 1);
}

/** Back and front of the average cavity at a height, cm. */
export function averageDepth(z: number): [number, number] {
  const height = Math.max(-12.6, Math.min(12.9, z));
  return [knot(height, 3), knot(height, 4)];
}

/** The cavity of one side, with the patient's proportions. */
export function makeLung(side: Side, study: Study): Lung {
  const { patient } = study;
  const width = patient.size * patient.chestWidth;
  const height = patient.size * patient.chestHeight;
  const depth = patient.size * patient.chestDepth;
  return {
    side,
    z: HEIGHTS.map((z) => z * height),
    outer: HEIGHTS.map((z) => knot(z, 1) * width),
    inner: HEIGHTS.map((z) => knot(z, 2) * width),
    back: HEIGHTS.map((z) => knot(z, 3) * depth),
    front: HEIGHTS.map((z) => knot(z, 4) * depth),
  };
}

/**
 * A lung's surface as a solid, drawn in from the wall.
 *
 * @param inset  distance from the chest wall in cm at height z; 0 gives the cavity itself
 * @param lower  by how much the apex is lower, cm
 */
export function lungSolid(lung: Lung, inset: (z: number) => number = () => 0, lower: number = 0): Stack {
  const direction = sign(lung.side);
  const top = lung.z[lung.z.length - 1]!;
  const half = lung.z.map((z, i) => Math.max(0, (lung.outer[i]! - lung.inner[i]!) / 2 - inset(z) / 2));
  const depthHalf = lung.z.map((z, i) => Math.max(0, (lung.front[i]! - lung.back[i]!) / 2 - inset(z) * 0.45));
  return {
    kind: 'stack',
    z: lung.z.map((z) => z - (lower * (z - lung.z[0]!)) / (top - lung.z[0]!)),
    x: lung.z.map((_, i) => direction * (lung.inner[i]! + half[i]!)),
    y: lung.z.map((_, i) => (lung.front[i]! + lung.back[i]!) / 2),
    a: half,
    b: depthHalf,
    squareness: 0.75,
  };
}

/** A dome of the diaphragm with what lies under it: everything below is solid. */
export function domeSolid(side: Side, top: number, height: number, width: number, depth: number): Stack {
  const steps = 28;
  const base = top - height;
  const z = [-40, base - 3.2, base - 0.7];
  const [across, deep] = [
    [1.5, 1.5, 1.12],
    [1.5, 1.42, 1.03],
  ] as [number[], number[]];
  for (let i = 0; i <= steps; i++) {
    const angle = (Math.PI / 2) * (i / steps);
    z.push(base + height * Math.sin(angle));
    across.push(Math.cos(angle) ** 0.92);
    deep.push(Math.cos(angle) ** 0.92);
  }
  return {
    kind: 'stack',
    z,
    x: z.map(() => sign(side) * width * 1.06),
    y: z.map(() => depth * 0.08),
    a: across.map((s) => s * width),
    b: deep.map((s) => s * depth),
    squareness: 0.25,
  };
}

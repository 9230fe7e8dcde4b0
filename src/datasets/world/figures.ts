/** Figures as layers: flat shapes, and things drawn from several of them. */

import { flat, type Layer, type Pose, stamp, type Tone } from './paint';
import { box, circle, type Distance, oval, polygon, SHAPES, union, without } from './shapes';
import type { FigureKind, ShapeKind, Turn } from './types';

/** What a figure is drawn with. */
export interface Ink {
  /** Of its body. */
  readonly tone: Tone;
  /** Of details on the body: a grey that differs well from it. */
  readonly detail: number;
}

type Part = readonly [shape: Distance, detail?: boolean];

const rays: Distance = (x, y) => {
  const turn = Math.atan2(y, x) / (Math.PI / 4);
  const angle = (turn - Math.round(turn)) * (Math.PI / 4);
  const r = Math.hypot(x, y);
  const [u, v] = [r * Math.cos(angle), r * Math.sin(angle)];
  return Math.max(Math.abs(u - 1.08) - 0.27, Math.abs(v) - 0.13);
};

const petals = union(
  ...Array.from({ length: 6 }, (_, i) => {
    const angle = (Math.PI * i) / 3;
    return circle(0.42 * Math.sin(angle), -0.42 - 0.42 * Math.cos(angle), 0.27);
  }),
);

const eyes = union(circle(-0.36, -0.28, 0.15), circle(0.36, -0.28, 0.15));
const mouth = (smiling: boolean): Distance => {
  const [cy, cut] = smiling ? [0.02, 0.22] : [0.78, 0.6];
  const arc: Distance = (x, y) => Math.abs(Math.hypot(x, y - cy) - 0.52) - 0.1;
  return (x, y) => Math.max(arc(x, y), smiling ? cut - y : y - cut);
};

const house: readonly Part[] = [
  [
    union(
      box(0, 0.36, 0.72, 0.54),
      polygon([
        [0, -0.95],
        [1, -0.12],
        [-1, -0.12],
      ]),
    ),
  ],
  [box(-0.3, 0.6, 0.17, 0.3), true],
  [box(0.34, 0.36, 0.17, 0.17), true],
];

const fir = union(
  box(0, 0.72, 0.12, 0.24),
  polygon([
    [0, -1],
    [0.62, 0.52],
    [-0.62, 0.52],
  ]),
);
const roundTree = union(box(0, 0.6, 0.13, 0.36), circle(0, -0.32, 0.58), circle(-0.34, -0.05, 0.36), circle(0.34, -0.05, 0.36));

const boat: readonly Part[] = [
  [
    union(
      polygon([
        [-1, 0.35],
        [1, 0.35],
        [0.6, 0.85],
        [-0.6, 0.85],
      ]),
      box(0, -0.3, 0.05, 0.65),
      polygon([
        [0.12, -0.9],
        [0.82, 0.2],
        [0.12, 0.2],
      ]),
      polygon([
        [-0.12, -0.6],
        [-0.12, 0.2],
        [-0.62, 0.2],
      ]),
    ),
  ],
];

const bird = union(
  ...[-1, 1].map((side) => without(circle(0.48 * side, 0.42, 0.58), union(circle(0.48 * side, 0.6, 0.55), box(0, 1.1, 2, 0.7)))),
);

const fish: readonly Part[] = [
  [
    union(
      oval(0.22, 0, 0.82, 0.5),
      polygon([
        [-0.45, 0],
        [-1.1, -0.52],
        [-1.1, 0.52],
      ]),
    ),
  ],
  [circle(0.62, -0.12, 0.13), true],
];

const cloud = union(circle(-0.55, 0.12, 0.38), circle(0.02, -0.12, 0.52), circle(0.58, 0.1, 0.4), box(0, 0.28, 0.56, 0.22));
const flower: readonly Part[] = [[union(petals, box(0, 0.5, 0.07, 0.6), oval(0.26, 0.62, 0.28, 0.12))], [circle(0, -0.42, 0.24), true]];

function partsOf(kind: Exclude<FigureKind, ShapeKind>, turn: Turn | undefined, variant: number): readonly Part[] {
  switch (kind) {
    case 'sun':
      return [[union(circle(0, 0, 0.66), rays)]];
    case 'moon':
      return [[without(circle(0, 0, 1), circle(0.42, -0.12, 0.82))]];
    case 'cloud':
      return [[cloud]];
    case 'house':
      return house;
    case 'tree':
      return [[variant < 0.5 ? fir : roundTree]];
    case 'boat':
      return boat;
    case 'bird':
      return [[bird]];
    case 'flower':
      return flower;
    case 'fish':
      return fish;
    case 'face':
      return [[circle(0, 0, 1)], [eyes, true], [mouth(turn !== 'frowning'), true]];
  }
}

const isShape = (kind: FigureKind): kind is ShapeKind => kind in SHAPES;

/** Radians by which a turn is drawn; a figure without one stands as it is. */
const ANGLES: Partial<Record<Turn, number>> = {
  inverted: Math.PI,
  vertical: Math.PI / 2,
  diagonal: -Math.PI / 4,
  up: -Math.PI / 2,
  down: Math.PI / 2,
};

/**
 * A figure's layers.
 *
 * @param lean    radians of `tilted`
 * @param variant 0 to 1; which of several drawings
 */
export function figure(
  kind: FigureKind,
  pose: Pose,
  ink: Ink,
  look: { readonly turn?: Turn; readonly lean: number; readonly variant: number },
): Layer[] {
  const { turn, lean, variant } = look;
  const angle = turn === 'tilted' ? lean : ((turn && ANGLES[turn]) ?? 0);
  const placed = { ...pose, angle, mirror: turn === 'left' };
  if (isShape(kind)) return [stamp(SHAPES[kind], placed, ink.tone)];
  return partsOf(kind, turn, variant).map(([shape, detail]) => stamp(shape, placed, detail ? flat(ink.detail) : ink.tone));
}

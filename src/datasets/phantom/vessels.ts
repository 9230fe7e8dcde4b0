/** Branching vessels of the lungs, grown from the hila by Murray's law (r³ = r₁³ + r₂³), and the airways. */

import { foldIn, key } from '../../engine';
import { smoothCurve, type Tube, type Vec3 } from '../../imaging';
import { type Draws, draws } from '../procedural';
import { averageDepth, averageOuter } from './lungs';
import { childScale } from './torso';
import { type Patient, type Side, sign } from './types';

/** First branches: direction (to the side, front, up) and radius in cm. */
const TRUNKS: readonly (readonly [number, number, number, number])[] = [
  [0.4, 0.15, 1, 0.4],
  [0.75, -0.4, 0.85, 0.37],
  [0.95, 0.45, 0.42, 0.34],
  [1, -0.3, -0.05, 0.37],
  [0.8, 0.5, -0.5, 0.43],
  [0.75, -0.55, -0.8, 0.46],
  [0.5, 0.0, -1, 0.47],
  [0.3, -0.6, -1.15, 0.43],
];

/** Radius in cm below which branches end. */
const THINNEST = 0.045;

/** How far a branch turns at each step, in each direction. */
const BEND = 0.13;

function grow(rods: number[], random: Draws, from: Vec3, direction: Vec3, r: number, side: -1 | 1, s: number): void {
  const length = 2.15 * s * (r / 0.36) ** 0.3 * random.uniform(0.75, 1.25);
  let [at, heading] = [from, direction];
  const steps = 2;
  for (let i = 0; i < steps; i++) {
    heading = normalise(
      heading[0] + random.uniform(-BEND, BEND),
      heading[1] + random.uniform(-BEND, BEND),
      heading[2] + random.uniform(-BEND, BEND) - 0.02,
    );
    const to: Vec3 = [at[0] + (heading[0] * length) / steps, at[1] + (heading[1] * length) / steps, at[2] + (heading[2] * length) / steps];
    rods.push(at[0], at[1], at[2], to[0], to[1], to[2], r * (1 - 0.08 * i), r * (1 - 0.08 * (i + 1)));
    at = to;
  }
  if (!inside(at, side, s)) return;
  const share = random.uniform(0.62, 0.86);
  const [r1, r2] = [r * 0.86 * share ** (1 / 3), r * 0.86 * (1 - share) ** (1 / 3)];
  const spin = random.uniform(0, 2 * Math.PI);
  const [p, q] = perpendicular(heading);
  const cos = Math.cos(spin);
  const sin = Math.sin(spin);
  const turn = (angle: number): Vec3 => {
    const along = Math.cos(angle);
    const across = Math.sin(angle);
    return normalise(
      heading[0] * along + across * (p[0] * cos + q[0] * sin),
      heading[1] * along + across * (p[1] * cos + q[1] * sin),
      heading[2] * along + across * (p[2] * cos + q[2] * sin),
    );
  };
  if (r1 > THINNEST) grow(rods, random, at, turn(random.uniform(0.1, 0.35)), r1, side, s);
  if (r2 > THINNEST) grow(rods, random, at, turn(-random.uniform(0.45, 0.95)), r2, side, s);
}

function normalise(x: number, y: number, z: number): Vec3 {
  const n = Math.sqrt(x * x + y * y + z * z);
  return [x / n, y / n, z / n];
}

/** Two unit vectors, at right angles to a unit vector and to each other. */
function perpendicular(v: Vec3): [Vec3, Vec3] {
  const p = Math.abs(v[2]) < 0.9 ? normalise(-v[1], v[0], 0) : normalise(0, -v[2], v[1]);
  return [p, [v[1] * p[2] - v[2] * p[1], v[2] * p[0] - v[0] * p[2], v[0] * p[1] - v[1] * p[0]]];
}

/** Whether a vessel may go on: inside the average lung, a little short of the pleura. */
function inside([x, y, z]: Vec3, side: -1 | 1, s: number): boolean {
  const h = z / s;
  if (h > 12.2 || h < -15.5) return false;
  const outer = averageOuter(h) * s;
  const [back, front] = averageDepth(h);
  const nx = (side * x - outer / 2) / (outer / 2 - 0.7);
  const ny = (y - ((back + front) / 2) * s) / (((front - back) / 2) * s - 0.5);
  return nx > -0.95 && nx * nx * nx * nx + ny * ny * ny * ny < 1;
}

const trees = new Map<string, Float32Array>();

/** One lung's vessels as rods (`addRods`); the same for all studies of a patient. */
export function vesselTree(patient: Patient, side: Side): Float32Array {
  const name = `${patient.detail}/${side}`;
  const known = trees.get(name);
  if (known) return known;
  const random = draws(foldIn(key(patient.detail), side === 'left' ? 1 : 2));
  const d = sign(side);
  const s = patient.size;
  const rods: number[] = [];
  const hilum: Vec3 = side === 'left' ? [3.3 * s, -2.2 * s, 2.2 * s] : [-3.0 * s, -1.8 * s, 1.0 * s];
  for (const [x, y, z, r] of TRUNKS) {
    const jitter = (): number => random.uniform(-0.14, 0.14);
    const heading = normalise(d * (x + jitter()), y + jitter(), z + jitter());
    const start: Vec3 = [hilum[0] + heading[0] * 0.5, hilum[1] + heading[1] * 0.8, hilum[2] + heading[2] * 1.4];
    grow(rods, random, start, heading, r * s * random.uniform(0.88, 1.15), d, s);
  }
  if (trees.size >= 8) trees.delete(trees.keys().next().value!); // neighbours in the list are the same patient's studies
  const tree = Float32Array.from(rods);
  trees.set(name, tree);
  return tree;
}

/** Trachea and main bronchi: air where soft tissue would be. `shift` as for the heart, cm to the left. */
export function airways(patient: Patient, shift: number): Tube[] {
  const s = patient.size;
  const carina: Vec3 = [-0.2 + 0.5 * shift, -3.6 * s, 4.6 * s];
  const wall = -1;
  const k = childScale(patient);
  const trachea = smoothCurve([[0, 0, 24 * s], [0.05, -1.2 * s, 15 * s], [0.3 * shift - 0.15, -2.6 * s, 9.5 * s], carina], 6);
  return [
    { points: trachea, radius: 0.9 * s, amount: wall },
    {
      points: smoothCurve([carina, [-1.6 * k + 0.4 * shift, -4 * s, 3.0 * s], [-3.4 * k, -4.2 * s, 1.2 * s]], 4),
      radius: [0.74, 0.7, 0.66, 0.63, 0.6, 0.57, 0.54, 0.5, 0.45].map((r) => r * s),
      amount: wall * 0.7,
    },
    {
      points: smoothCurve([carina, [1.9 * k + 0.4 * shift, -4 * s, 3.2 * s], [4.3 * k, -4.4 * s, 2.0 * s]], 4),
      radius: [0.7, 0.66, 0.62, 0.58, 0.55, 0.52, 0.5, 0.46, 0.4].map((r) => r * s),
      amount: wall * 0.7,
    },
  ];
}

/** The pulmonary arteries at the hila, thick enough to be seen as such. */
export function hila(patient: Patient): Tube[] {
  const s = patient.size;
  return [
    {
      points: smoothCurve(
        [
          [-1.5 * s, -1.2 * s, 1.9 * s],
          [-3.2 * s, -1.8 * s, 1.5 * s],
          [-4.4 * s, -2.4 * s, -0.4 * s],
          [-4.9 * s, -3 * s, -3.4 * s],
        ],
        4,
      ),
      radius: [0.95, 0.95, 0.92, 0.88, 0.84, 0.8, 0.74, 0.68, 0.62, 0.56, 0.5, 0.44, 0.38].map((r) => r * s),
      amount: 0.62,
    },
    {
      points: smoothCurve(
        [
          [1.5 * s, -0.6 * s, 2.6 * s],
          [3.4 * s, -2 * s, 2.9 * s],
          [4.5 * s, -3.2 * s, 1.4 * s],
          [4.8 * s, -3.8 * s, -1.8 * s],
        ],
        4,
      ),
      radius: [0.95, 0.95, 0.93, 0.9, 0.86, 0.82, 0.76, 0.7, 0.62, 0.55, 0.5, 0.44, 0.38].map((r) => r * s),
      amount: 0.62,
    },
  ];
}

/** Soft tissue: trunk, arms, neck, breasts, heart and mediastinum, as solids. */

import type { Ellipsoid, Solid, Stack, Vec3 } from '../../imaging';
import { refine } from './curves';
import type { Patient, Study } from './types';

/** How findings change the shape of heart and mediastinum. */
export interface Displacement {
  /** Heart size as a factor. */
  readonly heart: number;
  /** Widening of the upper mediastinum on each side, cm. */
  readonly widening: number;
  /** Shift of heart and mediastinum to the patient's left, cm. */
  readonly shift: number;
  /** How much the diaphragm is flattened, 0..1: the heart hangs lower. */
  readonly flat: number;
}

function unit(v: Vec3): Vec3 {
  const n = Math.hypot(...v);
  return [v[0] / n, v[1] / n, v[2] / n];
}

/** Three orthogonal unit vectors, the first along `long`. */
export function frame(long: Vec3): readonly [Vec3, Vec3, Vec3] {
  const a = unit(long);
  const helper: Vec3 = Math.abs(a[1]) < 0.9 ? [0, 1, 0] : [1, 0, 0];
  const b = unit([a[1] * helper[2] - a[2] * helper[1], a[2] * helper[0] - a[0] * helper[2], a[0] * helper[1] - a[1] * helper[0]]);
  return [a, b, [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]];
}

/** Unit vectors: along `first`, roughly along `third`, and the one across both. */
function frame3(first: Vec3, third: Vec3): readonly [Vec3, Vec3, Vec3] {
  const a = unit(first);
  const along = a[0] * third[0] + a[1] * third[1] + a[2] * third[2];
  const c = unit([third[0] - along * a[0], third[1] - along * a[1], third[2] - along * a[2]]);
  return [a, [c[1] * a[2] - c[2] * a[1], c[2] * a[0] - c[0] * a[2], c[0] * a[1] - c[1] * a[0]], c];
}

/** Thickness of the fat under the skin, cm. */
export function fat(patient: Patient): number {
  return Math.max(0.3, 0.4 + (patient.bmi - 19) * 0.17);
}

/** Lengths that are the same in all adults, in a child: a factor. */
export function childScale(patient: Patient): number {
  return patient.age < 18 ? patient.size : 1;
}

/** Girls of that age have none yet. */
const hasBreasts = ({ sex, age }: Patient): boolean => sex === 'F' && age >= 12;

function trunk(patient: Patient, armsUp: boolean): Stack {
  const s = patient.size;
  const f = fat(patient);
  const shoulder = patient.sex === 'M' ? 1.03 : 0.95;
  // height, half width, half depth, centre y
  const table: readonly (readonly [number, number, number, number])[] = [
    [patient.age < 18 ? -60 : -30, 15.0 + 1.6 * f, 11.0 + 1.3 * f, 0.6], // more of a child is in the field
    [-16, 15.0 + 1.3 * f, 11.3 + 1.1 * f, 0.3],
    [-8, 14.9 + f, 11.4 + f, -0.4],
    [0, 14.6 + f, 11.2 + f, -0.8],
    [4, 15.2 + f, 10.2 + f, -1.2],
    [7, 17.0 * shoulder + f, 8.8 + f, -1.8],
    [9.5, 19.0 * shoulder + 0.8 * f, 8.0 + 0.8 * f, -2.2],
    [11.5, 19.3 * shoulder + 0.6 * f, 7.2 + 0.6 * f, -2.5],
    [13, 17.4 * shoulder + 0.5 * f, 7.2 + 0.5 * f, -2.6],
    [14.4, 13.6 + 0.4 * f, 6.6 + 0.4 * f, -2.6],
    [15.8, 10.0 + 0.4 * f, 6.2 + 0.3 * f, -2.4],
    [17.2, 7.8 + 0.35 * f, 5.5 + 0.3 * f, -2.1],
    [19, 6.6 + 0.3 * f, 5.8 + 0.3 * f, -1.6],
    [30, 5.8 + 0.3 * f, 5.4 + 0.3 * f, -0.8],
  ];
  const rows = refine(table, 4) as [number, number, number, number][];
  const narrow = armsUp ? 0.92 : 1; // the shoulders' girdle is drawn up and in
  return {
    kind: 'stack',
    z: rows.map(([z]) => z * s * patient.chestHeight),
    x: rows.map(() => 0),
    y: rows.map(([, , , y]) => y * s),
    a: rows.map(([z, a]) => a * s * patient.chestWidth * (z > 5 && z < 15 ? narrow : 1)),
    b: rows.map(([, , b]) => b * s * patient.chestDepth),
    squareness: 0.3,
  };
}

/** Everything that the skin encloses, as solids whose union is the body. */
export function bodySolids(study: Study): Solid[] {
  const { patient, view } = study;
  const s = patient.size;
  const f = fat(patient);
  const solids: Solid[] = [trunk(patient, view === 'LATERAL')];
  if (view === 'LATERAL') {
    // Arms raised in front of the head; their roots and the chin lie above the apices.
    solids.push({
      kind: 'ellipsoid',
      centre: [0, 7 * s, 20 * s],
      radii: [17 * s, 4.2 + 0.5 * f, 13 * s],
      axes: [[1, 0, 0], unit([0, 0.75, -0.66]), unit([0, 0.66, 0.75])],
    });
    solids.push({ kind: 'ellipsoid', centre: [0, 3.5 * s, 25 * s], radii: [7, 9, 7] });
  } else {
    const hang = view === 'AP' ? 0.16 : 0.42; // arms along the body, or elbows out
    for (const side of [-1, 1] as const) {
      const down = unit([side * hang, -0.05, -1]);
      const top: Vec3 = [side * (17.2 * s + 0.5 * f), -2 * s, 11.2 * s];
      const length = 17 * s;
      const centre: Vec3 = [top[0] + down[0] * length * 0.75, top[1] + down[1] * length, top[2] + down[2] * length * 0.75];
      solids.push({ kind: 'ellipsoid', centre, radii: [length, 4.6 + 0.55 * f, 4.6 + 0.55 * f], axes: frame(down) });
    }
    solids.push({ kind: 'ellipsoid', centre: [0, 2 * s, 26.5 * s], radii: [7.4, 9, 6.5] });
  }
  if (view !== 'LATERAL' || hasBreasts(patient)) for (const side of [-1, 1] as const) solids.push(...chestFront(patient, side));
  return solids;
}

/** Breast or pectoral muscle of one side. */
function chestFront(patient: Patient, side: -1 | 1): Ellipsoid[] {
  const s = patient.size;
  const front = (11 * patient.chestDepth + fat(patient)) * s;
  if (!hasBreasts(patient))
    return [{ kind: 'ellipsoid', centre: [side * 6.2 * s, front - 6.5, 0.8 * s], radii: [6.4 * s, 4.4 + 0.03 * patient.bmi, 7.5 * s] }];
  const size = 0.75 + 0.5 * patient.breast;
  const sag = Math.max(0, patient.age - 30) * 0.025 + 1.5 * patient.breast;
  return [
    {
      kind: 'ellipsoid',
      centre: [side * (8.0 + 0.8 * patient.breast) * s, front - 2.0, (-3.4 - sag) * s],
      radii: [6.2 * size * s, (3.2 + 1.9 * patient.breast) * size, 8.4 * size * s],
      axes: frame3([1, 0, side * 0.2], [0, -0.72, 1]),
    },
  ];
}

/** The heart with the roots of its vessels. */
export function heart(study: Study, change: Displacement): Solid[] {
  const { patient } = study;
  const s = patient.size;
  const h = patient.heart * change.heart * s;
  const { shift } = change;
  const k = childScale(patient);
  const drop = (-0.6 * study.inspiration - 1.2 * change.flat) * s; // the heart is drawn down and slims on deep inspiration
  const broad = 1 - 0.05 * study.inspiration;
  const long: Vec3 = [0.74, 0.4, -0.54 + 0.16 * (1 - study.inspiration) * 0.5];
  return [
    // left ventricle, right atrium and ventricle
    {
      kind: 'ellipsoid',
      centre: [2.7 * h + shift, 2.4 * s, -5.0 * s + drop - (change.heart - 1) * 2.2],
      radii: [6.3 * h * broad, 4.8 * h, 6.1 * h],
      axes: frame(long),
    },
    {
      kind: 'ellipsoid',
      centre: [-0.9 * h + shift, 2.6 * s, -4.9 * s + drop - (change.heart - 1) * 2],
      radii: [3.6 * h * broad, 6.0 * h, 4.6 * h],
    },
    // root of aorta and pulmonary trunk
    { kind: 'ellipsoid', centre: [0.9 + shift, 2.6, -0.4 * s], radii: [3.1 * h, 3.4 * h, 4.4 * s], axes: frame([0.32, 0.1, -1]) },
    { kind: 'ellipsoid', centre: [2.0 * s + shift * 0.8, 2.0, 1.6 * s], radii: [2.9 * h, 3.0 * k, 2.9 * k], axes: frame([0.5, 0, -1]) },
  ];
}

/** Heart, great vessels and the tissue around the spine: what the lungs leave free. */
export function mediastinum(study: Study, change: Displacement): Solid[] {
  const { patient } = study;
  const s = patient.size;
  const { shift, widening: w } = change;
  const old = Math.max(0, (patient.age - 45) / 40);
  const k = childScale(patient);
  const upper = shift * 0.6;
  return [
    ...heart(study, change),
    // ascending aorta and superior vena cava, arch, descending aorta
    {
      kind: 'ellipsoid',
      centre: [-1.5 * s - 0.4 * w + upper, 1.2, 4.2 * s],
      radii: [1.9 * k + 0.35 * old + 0.75 * w, 2.3 * k + 0.4 * w, 5.6 * s],
    },
    {
      kind: 'ellipsoid',
      centre: [(1.6 + 0.3 * old) * s + 0.3 * w + upper, -1.4, 5.9 * s],
      radii: [1.9 * k + 0.55 * old + 0.7 * w, 3.4 * k, 1.6 * k + 0.3 * old + 0.3 * w],
    },
    {
      kind: 'stack',
      z: [-40, -8, 0, 4.5 * s, 6.2 * s],
      x: [0.6, 1.3 + patient.aortaShift * 0.7, 1.9 + patient.aortaShift, 2.0, 1.9].map((x) => x * k + 0.4 * shift),
      y: [-6.5, -6.8, -6.4, -5.2, -4.5].map((y) => y * k),
      a: [1.2, 1.3, 1.35, 1.4, 1.2].map((a) => a * k + 0.2 * old),
      b: [1.2, 1.3, 1.35, 1.5, 1.2].map((b) => b * k),
    },
    // the middle: oesophagus, nodes, fat; at the top the vessels of the neck
    {
      kind: 'stack',
      z: [-40, -12, -4, 3, 7, 10, 12.5, 16].map((z) => z * s),
      x: [0, 0.3, 0.2, 0, 0, 0, 0, 0].map((x) => x + upper),
      y: [-3, -3, -2.6, -2, -1.6, -1.4, -2, -2].map((y) => y * k),
      a: [3.0 * k, 2.8 * k, 2.7 * k, 2.7 * k, 2.9 * k + w, 3.1 * k + w * 0.9, 3.8 * k + 0.3 * w, 5 * k],
      b: [4, 3.6, 3.4, 3.4, 3.4, 3.4, 3.6, 5].map((b) => b * k),
    },
  ];
}

/** What of the middle is not water: fat, oesophageal air, and the furrows before and behind. */
export function middleFat(patient: Patient): Stack {
  const s = patient.size;
  const k = childScale(patient);
  return {
    kind: 'stack',
    z: [-13, -9, -5, 4, 9, 13].map((z) => z * s),
    x: [0, 0.2, 0.2, 0, 0, 0],
    y: [-2, -2, -2, -2, -2, -2],
    a: [1.2, 2.5, 2.7, 2.7, 2.9, 1.2].map((a) => a * k),
    b: [2, 3.8, 3.8, 3.6, 3.4, 1.5].map((b) => b * k),
  };
}

/** Kyphosis and scoliosis: the middle of the vertebral bodies at height z, [x, y]. */
export function spineAt(patient: Patient, z: number): [number, number] {
  const h = z / (13 * patient.size);
  const y = -8.7 - 1.3 * (1 - h * h) * (0.6 + 0.8 * patient.kyphosis) + (h > 0.9 ? (h - 0.9) * 5 : 0);
  return [patient.scoliosis * Math.sin(2.2 * h + 0.6), y * patient.size * (0.4 + 0.6 * patient.chestDepth)];
}

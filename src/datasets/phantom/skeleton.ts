/** Bones: ribs, spine, clavicles, scapulae, sternum, humeri. Amounts are cm of compact bone beyond soft tissue. */

import { type Solid, smoothCurve, type Tube, type Vec3 } from '../../imaging';
import { averageDepth, averageOuter } from './lungs';
import { spineAt } from './torso';
import { type Finding, type Patient, type Study, sign } from './types';

/** Bones of one study. Plates are flat: outlines of constant thickness. */
export interface Skeleton {
  readonly tubes: readonly Tube[];
  readonly solids: readonly { readonly solid: Solid; readonly amount: number }[];
  readonly plates: readonly { readonly outline: readonly Vec3[]; readonly amount: number }[];
}

/** Rows of the thoracic spine: heights of vertebral centres for an average adult, T1 to L2, cm. */
const VERTEBRAE: readonly number[] = Array.from({ length: 16 }, (_, i) => 16.3 - 2.02 * i - 0.028 * i * i);

/** One rib's middle line from the spine to its cartilage, number 1 to 12. */
export function ribLine(patient: Patient, rib: number, side: -1 | 1): Vec3[] {
  const s = patient.size;
  const start = VERTEBRAE[rib + 1]! + 0.9;
  const drop = (2.6 + 1.75 * Math.min(rib, 6) - 0.25 * Math.max(0, rib - 7)) * patient.ribSlope;
  const end = rib > 10 ? 1.5 : rib === 1 ? 2.5 : 2.35 - 0.035 * Math.max(0, rib - 5);
  const points: Vec3[] = [];
  for (let i = 0; i <= 26; i++) {
    const angle = 0.13 + (end - 0.13) * (i / 26);
    const fall = ((1 - Math.cos(angle)) / 2) ** 1.25;
    const z = start + 0.55 * Math.sin(Math.min(1, angle / 0.9) * Math.PI) * (rib < 10 ? 1 : 0.3) - drop * fall;
    const outer = averageOuter(z - 0.6) * (rib === 1 ? 0.92 : 1) + 0.35;
    const [back, front] = averageDepth(Math.min(z, 11.5));
    const [middle, half] = [(front + back) / 2, (front - back) / 2 + 0.55];
    const [sx] = spineAt(patient, z * s);
    // Behind, ribs leave the spine backwards before they turn to the side.
    const x = outer * Math.sin(Math.min(angle, Math.PI / 2 + (angle - Math.PI / 2) * 0.94)) ** 0.86;
    points.push([
      side * x * s * patient.chestWidth + sx * Math.max(0, 1 - angle),
      (middle - half * Math.cos(angle)) * s * patient.chestDepth,
      z * s * patient.chestHeight,
    ]);
  }
  return points;
}

function ribs({ patient, view, findings }: Study, share: number): Tube[] {
  const fractures = findings.filter((f) => f.kind === 'fracture');
  const tubes: Tube[] = [];
  const density = share * patient.boneDensity;
  for (let rib = 1; rib <= 12; rib++) {
    for (const side of [-1, 1] as const) {
      const line = ribLine(patient, rib, side);
      const radius = line.map(
        (_, i) =>
          (0.5 + 0.1 * Math.min(1, i / 8) - 0.06 * (i / 26)) *
          (rib === 1 ? 1.05 : rib > 10 ? 0.8 : 1) *
          (i > 23 ? 1 - 0.17 * (i - 23) : 1) *
          patient.size,
      );
      const bone = { amount: (view === 'LATERAL' ? 0.6 : 0.95) * density, core: 0.74, coreAmount: 0.16 * density };
      const broken = fractures.find((f) => sign(f.side!) === side && Math.abs(brokenRib(f) - rib) <= (f.grade > 0 ? 1 : 0));
      if (!broken) {
        tubes.push({ points: line, radius, ...bone });
        continue;
      }
      // A displaced fracture: the front piece steps down and in, with a gap.
      const at = 8 + Math.round(1.5 * (broken.place[1] + 1)) - (rib % 2);
      const step = 1.2 + 0.5 * broken.amount;
      tubes.push({ points: line.slice(0, at), radius: radius.slice(0, at), ...bone });
      const rest = line.slice(at + 2).map(([x, y, z], i): Vec3 => {
        const fade = Math.exp(-i / 5);
        return [x - side * 0.35 * fade, y, z - step * fade];
      });
      tubes.push({ points: rest, radius: radius.slice(at + 2), ...bone });
    }
  }
  return tubes;
}

/** The rib, 3 to 8, that a fracture is about. */
function brokenRib(finding: Finding): number {
  return Math.round(5.5 + 2.4 * finding.place[2]);
}

function spine(study: Study): Skeleton {
  const { patient } = study;
  const lateral = study.view === 'LATERAL';
  const s = patient.size;
  const solids: { solid: Solid; amount: number }[] = [];
  const tubes: Tube[] = [];
  VERTEBRAE.forEach((centre, i) => {
    const z = centre * s * patient.chestHeight;
    const [x, y] = spineAt(patient, z);
    const half = (0.86 + 0.018 * i) * s;
    const [a, b] = [(1.45 + 0.06 * i) * s, (1.15 + 0.055 * i) * s];
    const body = [-half, -half * 0.85, 0, half * 0.85, half];
    const waist = [1, 1, 0.9, 1, 1];
    const stack = (z0: readonly number[], scale: readonly number[], squareness: number): Solid => ({
      kind: 'stack',
      z: z0.map((d) => z + d),
      x: z0.map(() => x),
      y: z0.map(() => y),
      a: scale.map((k) => a * k),
      b: scale.map((k) => b * k),
      squareness,
    });
    solids.push({ solid: stack(body, waist, 0.7), amount: (lateral ? 0.2 : 0.1) * patient.boneDensity });
    for (const end of [-half, half])
      solids.push({
        solid: stack([end - 0.13, end, end + 0.13], [0.9, 1.03, 0.9], 0.6),
        amount: (lateral ? 0.3 : 0.14) * patient.boneDensity,
      });
    for (const side of [-1, 1] as const) {
      solids.push({
        solid: { kind: 'ellipsoid', centre: [x + side * a * 0.75, y - b - 0.7, z + 0.35 * s], radii: [0.36, 0.9, 0.52] },
        amount: 0.3 * patient.boneDensity,
      });
      tubes.push({
        points: [
          [x + side * a * 0.7, y - b - 1.2, z + 0.3],
          [x + side * (a + 1.5), y - b - 2, z + 0.7],
        ],
        radius: 0.42 * s,
        amount: 0.45 * patient.boneDensity,
        core: 0.6,
        coreAmount: 0.12,
      });
    }
    solids.push({
      solid: { kind: 'ellipsoid', centre: [x, y - b - 3, z - 1.1 * s], radii: [0.3, 1.9, 0.75] },
      amount: 0.22 * patient.boneDensity,
    });
  });
  return { tubes, solids, plates: [] };
}

/** Shoulder girdle and arms of one side. */
function shoulder(study: Study, side: -1 | 1): Skeleton {
  const { patient, view } = study;
  const s = patient.size;
  const density = patient.boneDensity;
  const at = (x: number, y: number, z: number): Vec3 => [side * x * s * patient.chestWidth, y * s, z * s];
  const raise = view === 'AP' ? 1.1 : 0; // AP: the beam comes from in front and above, clavicles lie higher
  const clavicle = smoothCurve(
    [at(1.7, 7.2, 8.7 + raise), at(5, 8, 9.3 + raise), at(9, 6.5, 10.4 + raise), at(13, 2.5, 11.6 + raise), at(16.8, -1.5, 12.3 + raise)],
    6,
  );
  const tubes: Tube[] = [
    {
      points: clavicle,
      radius: clavicle.map((_, i) => (i < 5 ? 0.78 - 0.05 * i : 0.54 + 0.12 * Math.max(0, (i - 16) / 8)) * s),
      amount: 0.95 * density,
      core: 0.7,
      coreAmount: 0.2 * density,
    },
  ];
  if (view === 'LATERAL') {
    tubes.length = 0;
    tubes.push({ points: smoothCurve([at(12, -9.5, -3), at(12.5, -9, 3), at(13.5, -7, 10)], 6), radius: 0.45, amount: 0.4 * density });
    tubes.push({
      points: smoothCurve([at(15, -1, 13), at(15, 5, 18.5), at(14, 10, 24)], 6),
      radius: 1.3 * s,
      amount: 0.55 * density,
      core: 0.65,
      coreAmount: 0.06,
    });
    return { tubes, solids: [], plates: [] };
  }
  const over = view === 'AP' ? -2.2 : 0.3; // PA: the shoulder blades are rolled out of the lungs
  const low = at(12.2 + over, -9.5, -2.2);
  const medial = at(11.2 + over, -10, 8.6);
  const glenoid = at(16.4 + over * 0.3, -5, 10.2);
  const neck = at(15.2 + over * 0.3, -6, 8);
  tubes.push({ points: smoothCurve([low, at(13.6 + over, -8.5, 3), neck], 6), radius: 0.42 * s, amount: 0.5 * density });
  tubes.push({ points: smoothCurve([low, at(11.0 + over, -10, 3.4), medial], 6), radius: 0.16 * s, amount: 0.5 * density });
  tubes.push({
    points: smoothCurve([medial, at(14 + over * 0.5, -9, 11), at(18.2, -4, 12.6)], 6),
    radius: 0.4 * s,
    amount: 0.45 * density,
  });
  tubes.push({ points: smoothCurve([at(15.6, -3, 11), at(15, 0.5, 11.6), at(16, 2.5, 10.6)], 5), radius: 0.55 * s, amount: 0.4 * density });
  const hang = view === 'AP' ? 0.16 : 0.42;
  const head = at(18.4, -2.5, 10.3);
  tubes.push({
    points: smoothCurve([head, [head[0] + side * hang * 6, head[1], head[2] - 6], [head[0] + side * hang * 24, head[1], head[2] - 24]], 5),
    radius: 1.2 * s,
    amount: 0.75 * density,
    core: 0.66,
    coreAmount: 0.06,
  });
  return {
    tubes,
    solids: [
      { solid: { kind: 'ellipsoid', centre: head, radii: [2.35 * s, 2.3 * s, 2.5 * s] }, amount: 0.17 * density },
      { solid: { kind: 'ellipsoid', centre: glenoid, radii: [0.9 * s, 1.3 * s, 1.9 * s] }, amount: 0.22 * density },
    ],
    plates: [{ outline: [low, at(13.2 + over, -8.8, 2.5), neck, glenoid, at(14 + over * 0.5, -9, 11), medial], amount: 0.22 * density }],
  };
}

/**
 * All bones of a study.
 *
 * @param ribShare how much bone ribs have, of what they should; 0 leaves them out
 */
export function skeleton(study: Study, ribShare: number = 1): Skeleton {
  const { patient } = study;
  const s = patient.size;
  const parts = [spine(study), shoulder(study, -1), shoulder(study, 1)];
  const front = 9.7 * patient.chestDepth * s;
  const sternum: Solid = {
    kind: 'stack',
    z: [-5.5, -5, 3.5, 5, 8.3, 8.9].map((z) => z * s),
    x: [0, 0, 0, 0, 0, 0],
    y: [0, 0, -1.4, -2, -3.9, -4.4].map((y) => front + y),
    a: [0.9, 1.7, 1.4, 1.5, 2.5, 2.2].map((a) => a * s),
    b: [0.5, 0.55, 0.55, 0.6, 0.65, 0.6],
    squareness: 0.4,
  };
  return {
    tubes: [...(ribShare > 0 ? ribs(study, ribShare) : []), ...parts.flatMap((p) => p.tubes)],
    solids: [...parts.flatMap((p) => p.solids), { solid: sternum, amount: 0.28 * patient.boneDensity }],
    plates: parts.flatMap((p) => p.plates),
  };
}

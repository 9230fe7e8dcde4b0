/** Tubes, lines and implants. Amounts are cm of metal-like material. */

import { key } from '../../engine';
import { smoothCurve, type Tube, type Vec3 } from '../../imaging';
import { type Draws, draws } from '../procedural';
import { ribLine } from './skeleton';
import { fat } from './torso';
import { type Finding, type Patient, type Study, sign } from './types';

/** What a device is drawn of. */
export interface Device {
  readonly tubes: readonly Tube[];
  readonly plates: readonly { readonly outline: readonly Vec3[]; readonly amount: number }[];
}

/** A catheter: a clear wall with an opaque stripe. */
function catheter(points: readonly Vec3[], radius: number, wall: number, stripe: number): Tube[] {
  const curve = smoothCurve(points, 7);
  const line = curve.map(([x, y, z]): Vec3 => [x + radius * 0.75, y, z]);
  return [
    { points: curve, radius, amount: wall, core: 0.7, coreAmount: wall * 0.15 },
    { points: line, radius: Math.max(0.05, radius * 0.24), amount: stripe },
  ];
}

function endotrachealTube(finding: Finding, s: number, shift: number): Device {
  const tip = 4.6 * s + 1.6 + 2.6 * (finding.place[2] * 0.5 + 0.5); // above the carina
  const points: Vec3[] = [
    [0.6, 2.5, 26 * s],
    [0.2, -0.6, 18 * s],
    [0.05 + 0.2 * shift, -2, 12.5 * s],
    [0.25 * shift, -2.7 * s, tip],
  ];
  return { tubes: catheter(points, 0.5, 0.2, 1.2), plates: [] };
}

function pacemaker(finding: Finding, patient: Patient, shift: number): Device {
  const s = patient.size;
  const front = (5.6 * patient.chestDepth + fat(patient)) * s; // under the skin of the upper chest
  const d = sign(finding.side!);
  const centre: Vec3 = [d * (9.6 + 0.9 * finding.place[0]) * s, front, (6.2 + 0.9 * finding.place[2]) * s];
  const tilt = d * (0.25 + 0.3 * finding.place[1]);
  const outline: Vec3[] = [];
  const inner: Vec3[] = [];
  for (let i = 0; i < 28; i++) {
    const angle = (2 * Math.PI * i) / 28;
    const [c, q] = [Math.cos(angle), Math.sin(angle)];
    const [x, z] = [2.3 * Math.sign(c) * Math.abs(c) ** 0.8, (q > 0 ? 1.7 : 2.2) * Math.sign(q) * Math.abs(q) ** 0.8];
    const turned = (k: number): Vec3 => [
      centre[0] + k * (x * Math.cos(tilt) - z * Math.sin(tilt)),
      centre[1],
      centre[2] + k * (x * Math.sin(tilt) + z * Math.cos(tilt)),
    ];
    outline.push(turned(1));
    inner.push(turned(0.72));
  }
  const port: Vec3 = [centre[0] - d * 0.3, centre[1], centre[2] + 2.2];
  const entry: Vec3 = [d * 7.2 * s, Math.min(front, 5 * s), 9.7 * s];
  const vein: Vec3 = [d * 2.4 * s, 3 * s, 8.8 * s];
  const cava: Vec3 = [-2.3 * s + shift * 0.6, 1.5, 5 * s];
  const atrium: Vec3 = [-2.7 * s + shift, 2.2, -2.4 * s];
  const apex: Vec3 = [(5.6 + 1.2 * finding.place[0]) * s + shift, 6.5 * s, -7.6 * s];
  const loop: Vec3 = [centre[0] + d * 1.9, centre[1], centre[2] + 2.6];
  const lead = (points: readonly Vec3[]): Tube => ({ points: smoothCurve(points, 6), radius: 0.095, amount: 1.5 });
  const tubes = [lead([port, loop, entry, vein, cava, atrium, [0.4 + shift, 4, -6.4 * s], apex])];
  tubes.push({ points: [apex, [apex[0] + 0.5, apex[1], apex[2] - 0.15]], radius: 0.15, amount: 2.5 });
  if (finding.grade > 0)
    tubes.push(
      lead([
        port,
        [loop[0] - d * 0.4, loop[1], loop[2] - 0.5],
        [entry[0], entry[1], entry[2] - 0.4],
        vein,
        cava,
        [-2.2 + shift, 3, -3.2 * s],
        [-3.3 * s + shift, 5, -1.4 * s],
      ]),
    );
  return {
    tubes,
    plates: [
      { outline, amount: 0.55 },
      { outline: inner, amount: 0.25 },
    ],
  };
}

function centralLine(finding: Finding, s: number, shift: number): Device {
  const d = sign(finding.side!);
  const tip: Vec3 = [-2.4 * s + shift * 0.7, 1.6, (1.4 + 1.6 * finding.place[2]) * s];
  const cava: Vec3 = [-2.3 * s + shift * 0.5, 1.4, 5.6 * s];
  const neck = finding.place[0] > -0.2; // jugular, else subclavian
  const start: Vec3[] = neck
    ? [
        [d * 4.6 * s, 3, 21 * s],
        [d * 3.6 * s, 2.2, 14 * s],
        [d * 2.6 * s, 2.4, 9.6 * s],
      ]
    : [
        [d * 12.5 * s, 8, 7.6 * s],
        [d * 9 * s, 6.5, 10 * s],
        [d * 5 * s, 4, 9.9 * s],
        [d * 2.6 * s, 2.6, 8.6 * s],
      ];
  return { tubes: [{ points: smoothCurve([...start, cava, tip], 7), radius: 0.12, amount: 0.75 }], plates: [] };
}

function feedingTube(finding: Finding, s: number, shift: number): Device {
  const points: Vec3[] = [
    [0.4, 0, 22 * s],
    [0.3, -3.6, 13 * s],
    [0.5 + 0.2 * shift, -4.6 * s, 4 * s],
    [0.7 + 0.4 * shift, -4.5, -4 * s],
    [1.4, -2.5, -9.4 * s],
    [4.2, 0.5, -12.2 * s],
    [6.2 + finding.place[0], 2.5, -14.4 * s],
    [4.6, 4, -17.5 * s],
  ];
  return { tubes: [{ points: smoothCurve(points, 7), radius: 0.15, amount: 0.6 }], plates: [] };
}

function chestTube(finding: Finding, s: number): Device {
  const d = sign(finding.side!);
  const high = 7.6 + 1.6 * finding.place[2];
  const points: Vec3[] = [
    [d * 19 * s, 2, -5.5 * s],
    [d * 14.2 * s, 0.5, -2.6 * s],
    [d * 11.6 * s, -3, 0.6 * s],
    [d * 9.6 * s, -4, 4.4 * s],
    [d * (6.4 + 0.8 * finding.place[0]) * s, -3, high * s],
  ];
  return { tubes: catheter(points, 0.36, 0.14, 0.7), plates: [] };
}

/** Wire loops that close a divided sternum. */
function sternalWires(study: Study, s: number): Device {
  const tubes: Tube[] = [];
  for (let i = 0; i < 6; i++) {
    const z = (6.6 - 2.1 * i) * s;
    const y = (8.2 + Math.min(1.4, 0.45 * i)) * study.patient.chestDepth * s;
    const w = 0.75 + 0.1 * ((i * 7) % 3);
    const ring: Vec3[] = [];
    for (let k = 0; k <= 10; k++)
      ring.push([w * Math.cos((2 * Math.PI * k) / 10 + 0.8), y, z + 0.5 * Math.sin((2 * Math.PI * k) / 10 + 0.8)]);
    tubes.push(
      { points: ring, radius: 0.07, amount: 2.4 },
      { points: [ring[0]!, [ring[0]![0] + 0.35, y, ring[0]![2] + 0.35]], radius: 0.09, amount: 2.4 },
    );
  }
  return { tubes, plates: [] };
}

/** Everything made of metal or plastic that the findings name. */
export function devices(study: Study, shift: number): Device[] {
  const s = study.patient.size;
  return study.findings.map((finding): Device => {
    switch (finding.kind) {
      case 'endotracheal tube':
        return endotrachealTube(finding, s, shift);
      case 'pacemaker':
        return pacemaker(finding, study.patient, shift);
      case 'central line':
        return centralLine(finding, s, shift);
      case 'feeding tube':
        return feedingTube(finding, s, shift);
      case 'chest tube':
        return chestTube(finding, s);
      case 'sternal wires':
        return sternalWires(study, s);
      default:
        return { tubes: [], plates: [] };
    }
  });
}

/** Short streaks at the lung bases that oedema draws (Kerley B lines): amounts in cm of water. */
export function septalLines(study: Study, edema: number): Tube[] {
  const tubes: Tube[] = [];
  const random: Draws = draws(key(study.detail));
  for (const side of [-1, 1] as const) {
    const wall = ribLine(study.patient, 8, side);
    const middle = wall[13]!;
    for (let i = 0; i < Math.round(7 * edema); i++) {
      const z = -9.2 + random.uniform(0, 5);
      const x = Math.abs(middle[0]) - 0.9 - random.uniform(0, 0.5);
      tubes.push({
        points: [
          [side * x, random.uniform(-4, 4), z],
          [side * (x - random.uniform(0.9, 1.7)), 0, z + random.uniform(-0.15, 0.15)],
        ],
        radius: 0.09,
        amount: 2.2 * edema,
      });
    }
  }
  return tubes;
}

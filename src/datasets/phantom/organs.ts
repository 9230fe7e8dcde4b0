/** What the lungs make room for: heart, vessels, spine, diaphragm, hernia; and gas below the diaphragm. */

import { foldIn, key } from '../../engine';
import type { Solid } from '../../imaging';
import { draws } from '../procedural';
import type { Effects } from './effects';
import { domeSolid } from './lungs';
import { childScale, mediastinum, spineAt } from './torso';
import type { Study } from './types';

/** Solids that push the lungs aside (of these, the diaphragm's domes by themselves too), and the gas under the left dome. */
export function organs(study: Study, effect: Effects): { solids: Solid[]; domes: Solid[]; gas: Solid[] } {
  const { patient } = study;
  const s = patient.size;
  const breath = study.inspiration;
  const random = draws(foldIn(key(patient.detail), 7));
  const solids = mediastinum(study, effect);
  const domes: Solid[] = [];
  const tops: Record<string, number> = {};
  for (const side of ['right', 'left'] as const) {
    const raise = (side === 'right' ? patient.domeDifference : 0) + effect[side].domeRaise;
    const top = (-9.6 - 0.9 * breath - 2.0 * effect.flat) * s * patient.chestHeight + raise;
    tops[side] = top;
    const height = (4.6 - 2.0 * effect.flat) * s + raise * 0.6;
    domes.push(domeSolid(side, top, height, 6.6 * s * patient.chestWidth, 8.3 * s * patient.chestDepth));
  }
  solids.push(...domes);
  // the central tendon on which the heart rests
  solids.push({
    kind: 'ellipsoid',
    centre: [1.2 + effect.shift, 1.5, (tops.left! + tops.right!) / 2 - 2.3],
    radii: [5.6 * s, 6.5 * s, 2.9 * s],
  });
  const zs = [-20, -14, -8, -2, 4, 9, 13, 16];
  solids.push({
    kind: 'stack',
    z: zs,
    x: zs.map((z) => spineAt(patient, z)[0]),
    y: zs.map((z) => spineAt(patient, z)[1] - 0.8),
    a: zs.map(() => 2.0 * s),
    b: zs.map(() => 2.1 * s),
  });
  // muscle and pleura beside the spine, shallower outwards
  for (const [a, b] of [
    [2.9, 1.3],
    [3.9, 0.8],
  ] as const)
    solids.push({
      kind: 'stack',
      z: zs,
      x: zs.map((z) => spineAt(patient, z)[0]),
      y: zs.map((z) => spineAt(patient, z)[1] - 1.2),
      a: zs.map(() => a * s),
      b: zs.map(() => b * s),
    });
  const k = childScale(patient);
  const bubble = random.uniform(0.35, 1.15) * k;
  const gas: Solid[] = [
    {
      kind: 'ellipsoid',
      centre: [(4.6 + random.uniform(0, 2.4)) * s, 2, tops.left! - 1.5 - 1.5 * bubble],
      radii: [2.6 * bubble, 3 * bubble, 1.35 * bubble],
    },
  ];
  for (let i = 0; i < 3; i++)
    gas.push({
      kind: 'ellipsoid',
      centre: [random.uniform(-4, 10) * k, 4 * k, tops.left! - random.uniform(6, 11) * k],
      radii: [random.uniform(0.8, 2) * k, 1.8 * k, random.uniform(0.7, 1.5) * k],
    });
  if (effect.hernia > 0) {
    const r = effect.hernia;
    const centre = [1.2, -4.2, tops.left! + r * 0.8] as const;
    solids.push({ kind: 'ellipsoid', centre, radii: [r * 1.15, r, r] });
    gas.push({ kind: 'ellipsoid', centre: [centre[0], centre[1], centre[2] + r * 0.32], radii: [r * 0.85, r * 0.8, r * 0.5] });
  }
  return { solids, domes, gas };
}

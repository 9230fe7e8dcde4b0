/** What findings do to the thorax: displacement of organs, air and water in the lungs. Lengths in cm. */

import type { Vec3 } from '../../imaging';
import { averageDepth, averageOuter } from './lungs';
import { childScale, type Displacement } from './torso';
import { type Finding, type Study, severity, sign } from './types';

/** A cloud in a lung: air replaced by water, most in the middle, fading out as a Gaussian. */
export interface Opacity {
  readonly centre: Vec3;
  readonly radii: Vec3;
  /** Part of the air that is gone in the middle, may exceed 1 for a sharper edge. */
  readonly strength: number;
  /** How uneven it is, 0..1. */
  readonly patchiness: number;
  /** A fissure bounds it: nothing below (or above) this height. */
  readonly above?: number;
  readonly below?: number;
}

/** One lung as the findings leave it. */
export interface LungState {
  /** Water per volume of aerated lung; 0.3 is normal. */
  density: number;
  /** How much the dome of the diaphragm is raised. */
  domeRaise: number;
  /** Pleural fluid up to this height. */
  fluid?: { readonly level: number; readonly rise: number; readonly softness: number };
  /** Between lung and chest wall: air or thickened pleura, `inset` wide in the middle, wider at the apex. */
  rim?: { readonly kind: 'air' | 'pleura'; readonly inset: number; readonly lower: number; readonly from: number; readonly to: number };
  readonly opacities: Opacity[];
  /** Bands of collapse: straight streaks. */
  readonly bands: { readonly from: Vec3; readonly to: Vec3; readonly radius: number }[];
  /** Round lesions. */
  readonly nodules: { readonly centre: Vec3; readonly radius: number }[];
}

/** A thorax with findings. */
export interface Effects extends Displacement {
  readonly left: LungState;
  readonly right: LungState;
  /** Vessels' calibre as a factor. */
  vessels: number;
  /** Extra haze of oedema, 0..1. */
  edema: number;
  hernia: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Middle and spread of a lobe for opacities: [x, y, z, rx, ry, rz, fissure]. */
const LOBES: Record<string, readonly [number, number, number, number, number, number]> = {
  'right/upper': [6.6, 0, 6.4, 3.6, 4.5, 3.4],
  'right/middle': [7.4, 4.5, -3.4, 3.6, 3.2, 2.6],
  'right/lower': [8.2, -5, -5.2, 3.8, 3.8, 3.6],
  'left/upper': [7.2, 1, 5.2, 3.5, 4.5, 3.8],
  'left/lower': [9.0, -5, -5.2, 3.6, 3.8, 3.6],
};

/** Where a nodule lies: heights of each zone. */
const ZONES = { upper: [4.8, 8.6], mid: [-1.2, 4.2], lower: [-6.4, -2.0] } as const;

/** A nodule's centre and radius; clear of heart, hila and pleura. */
export function nodulePlace(finding: Finding, study: Study): { centre: Vec3; radius: number } {
  const { patient } = study;
  const [low, high] = ZONES[finding.zone ?? 'mid'];
  const z = low + ((high - low) * (finding.place[2] + 1)) / 2;
  const radius = ([1.3, 1.6, 2.0][finding.grade]! + [0.25, 0.4, 0.6][finding.grade]! * finding.amount) * childScale(patient);
  const outer = averageOuter(z) - radius / childScale(patient) - 0.9;
  const heart = finding.side === 'left' && z < 0 ? 9.4 : 5.6;
  const x = Math.min(outer, heart) + Math.max(0, outer - heart) * ((finding.place[0] + 1) / 2);
  const [back, front] = averageDepth(z);
  const y = (back + front) / 2 + finding.place[1] * 0.55 * ((front - back) / 2);
  const s = patient.size;
  return { centre: [sign(finding.side!) * x * s * patient.chestWidth, y * s * patient.chestDepth, z * s * patient.chestHeight], radius };
}

function lobeOpacity(finding: Finding, study: Study): Opacity {
  const { patient } = study;
  const s = patient.size;
  const [x, y, z, rx, ry, rz] = LOBES[`${finding.side}/${finding.lobe}`]!;
  const grow = 0.82 + 0.42 * severity(finding);
  const wander = 1.2 * (1.15 - severity(finding) * 0.7);
  const centre: Vec3 = [
    sign(finding.side!) * (x + wander * finding.place[0]) * s * patient.chestWidth,
    (y + wander * finding.place[1]) * s,
    (z + wander * finding.place[2]) * s * patient.chestHeight,
  ];
  const pneumonia = finding.kind === 'pneumonia';
  return {
    centre,
    radii: [rx * grow * s, ry * grow * s, rz * grow * s],
    strength: (pneumonia ? 1.3 : 2.2) + 1.2 * severity(finding),
    patchiness: pneumonia ? 0.75 : 0.35,
    above: finding.side === 'right' && finding.lobe === 'upper' ? 2.6 * s + finding.place[1] * 0.5 : undefined,
    below: finding.lobe === 'middle' ? 1.2 * s : undefined,
  };
}

function applyToLung(state: LungState, finding: Finding, study: Study): void {
  const s = study.patient.size;
  const d = sign(finding.side!);
  const size = severity(finding);
  const k = childScale(study.patient);
  const base = -8.6 * s - 0.9 * k * study.inspiration;
  switch (finding.kind) {
    case 'effusion': {
      const level = [-1.5, 0.8, 4.2][finding.grade]! + [1.5, 2.6, 5][finding.grade]! * finding.amount;
      state.fluid = {
        level: base + level * s,
        rise: state.rim?.kind === 'air' ? 0 : (1.6 + 2.2 * size) * k,
        softness: study.view === 'AP' ? 0.9 : 0.4,
      };
      break;
    }
    case 'pneumothorax': {
      const inset = ([1.5, 3, 5.2][finding.grade]! + [0.8, 1.4, 2.4][finding.grade]! * finding.amount) * k;
      state.rim = { kind: 'air', inset, lower: 0.9 * inset, from: -40, to: 40 };
      state.density = Math.min(0.5, state.density * (1 + (0.09 * inset) / k));
      if (state.fluid) state.fluid = { ...state.fluid, rise: 0 };
      break;
    }
    case 'pleural thickening':
      state.rim ??=
        finding.zone === 'upper'
          ? { kind: 'pleura', inset: (0.8 + 0.9 * size) * k, lower: (0.8 + 1.6 * size) * k, from: 5 * s, to: 40 }
          : { kind: 'pleura', inset: (0.8 + 1.1 * size) * k, lower: 0, from: -40, to: 1 * s };
      break;
    case 'consolidation':
    case 'pneumonia':
      state.opacities.push(lobeOpacity(finding, study));
      break;
    case 'atelectasis': {
      state.domeRaise += (0.7 + 1.3 * size) * k;
      const count = 1 + finding.grade;
      for (let i = 0; i < count; i++) {
        const z = base + (0.9 + 1.5 * i + 0.9 * size + 0.5 * finding.place[2]) * s + state.domeRaise;
        const x0 = (5.4 + 0.8 * i) * s;
        const x1 = x0 + (3.6 + 1.8 * size) * s;
        state.bands.push({
          from: [d * x0, 1 - 3 * i, z],
          to: [d * x1, -3, z + (0.7 * finding.place[0] + 0.5) * s],
          radius: (0.26 + 0.22 * size) * s,
        });
      }
      state.opacities.push({
        centre: [d * 7.5 * s, -3, base + 1.2 * s],
        radii: [4 * s, 4 * s, 1.5 * s],
        strength: 0.55 + 0.6 * size,
        patchiness: 0.5,
      });
      break;
    }
    case 'nodule':
      state.nodules.push(nodulePlace(finding, study));
      break;
    default:
  }
}

function clear(): LungState {
  return { density: 0.3, domeRaise: 0, opacities: [], bands: [], nodules: [] };
}

/** The thorax of a study with its findings applied. */
export function effects(study: Study): Effects {
  const out: Writable<Effects> = {
    heart: 1,
    widening: 0,
    shift: 0,
    left: clear(),
    right: clear(),
    vessels: 1,
    edema: 0,
    flat: 0,
    hernia: 0,
  };
  const k = childScale(study.patient);
  for (const finding of study.findings) {
    const size = severity(finding);
    if (finding.kind === 'cardiomegaly') out.heart = 1.17 + 0.36 * size;
    else if (finding.kind === 'widened mediastinum') out.widening = (0.9 + 1.5 * size) * k;
    else if (finding.kind === 'hiatal hernia') out.hernia = (2.4 + 1.7 * size) * k;
    else if (finding.kind === 'hyperinflation') {
      out.flat = 0.45 + 0.5 * size;
      for (const lung of [out.left, out.right]) lung.density -= 0.04 + 0.05 * size;
      out.heart *= 0.93;
    } else if (finding.kind === 'edema') {
      out.edema = 0.4 + 0.6 * size;
      out.vessels = 1.2 + 0.35 * size;
      for (const side of ['left', 'right'] as const) {
        const d = sign(side);
        out[side].density += 0.05 + 0.09 * size;
        out[side].opacities.push({
          centre: [d * 5.6 * k, -1 * k, -0.2 * k],
          radii: [4.6 * k, 5.5 * k, 5.8 * k],
          strength: 0.32 + 0.75 * size,
          patchiness: 0.55,
        });
      }
    } else if (finding.side) applyToLung(out[finding.side], finding, study);
    if (finding.side && finding.grade === 2) {
      const away = -sign(finding.side);
      if (finding.kind === 'effusion') out.shift += away * 1.1 * k * finding.amount;
      if (finding.kind === 'pneumothorax') out.shift += away * k * (0.6 + 1.3 * finding.amount);
    }
  }
  return out;
}

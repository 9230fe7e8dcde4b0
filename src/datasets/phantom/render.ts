/** A study as a radiograph: geometry, ray sums, detector, display. Its steps are also what counterfactuals and masks are made of. */

import { foldIn, key } from '../../engine';
import { normalArray } from '../../engine/internal';
import {
  addPlate,
  addQuantumNoise,
  addRods,
  addSolid,
  addTube,
  detect,
  develop,
  downsample,
  type Exposure,
  type Grid,
  makeNoiseTile,
  makeView,
  type NoiseTile,
  type Solid,
  sampleNoise,
  type Tube,
  type Vec3,
  type View,
} from '../../imaging';
import { draws } from '../procedural';
import { devices, septalLines } from './devices';
import { type Effects, effects } from './effects';
import { makeLung } from './lungs';
import { collimate, sideMarker } from './marks';
import { organs } from './organs';
import { skeleton } from './skeleton';
import { bodySolids, childScale, fat, middleFat } from './torso';
import { trace } from './trace';
import type { Study } from './types';
import { airways, hila, vesselTree } from './vessels';

/** Absorption in 1/cm at a chest X-ray's energy: water, compact bone beyond water, metal. */
export const MU = { water: 0.2, bone: 0.36, metal: 4 } as const;

/** What one cm of gas in the abdomen, or of fat in the mediastinum, takes from the water that it lies in. */
export const LESS = { gas: -0.85, fat: -0.42 } as const;

/** What one cm of a nodule of 1.6 cm radius adds; more than the lung that it replaces, and more for small ones, which hold lime. */
const NODULE = 2.5;

/** What one cm of a vessel adds: more than its water, for the contrast that real displays give to fine structure. */
const VESSEL_CONTRAST = 1.35;

let tile: NoiseTile | undefined;
/** One tile for all studies, looked up at positions of their own. */
export function noiseTile(): NoiseTile {
  tile ??= makeNoiseTile(key(20221121), 256);
  return tile;
}

/** Where a study's rays run, on `width` × `width` pixels. */
export function geometry(study: Study, width: number): { view: View; grid: Grid } {
  const random = draws(foldIn(key(study.detail), 1));
  const { patient } = study;
  const s = patient.size;
  const portable = study.view === 'AP';
  const jitter = study.plain ? 0.2 : 1;
  const across = ((study.view === 'LATERAL' ? 30.5 : 34.2) + 1.1 * fat(patient)) * s * patient.chestWidth ** 0.7;
  const along = 32.5 * s * patient.chestHeight; // the lungs from apex to sulcus, with a margin
  const room = childScale(patient) ** -0.25; // small children leave some of a cassette empty
  const field = Math.max(across, along) * random.normal(1, jitter * (portable ? 0.045 : 0.03)) * room;
  const angle = (study.view === 'LATERAL' ? Math.PI / 2 : 0) + study.rotation;
  const view = makeView(angle, portable ? -95 : 170);
  const v0 = 13 * s * patient.chestHeight - field * (portable ? 0.37 : 0.385) + random.normal(0, jitter * (portable ? 0.9 : 0.5));
  return {
    view,
    grid: { width, pitch: field / width, u0: random.normal(0, jitter * (portable ? 0.9 : 0.4)) + (study.view === 'LATERAL' ? 0.5 : 0), v0 },
  };
}

function exposure(study: Study): Exposure {
  const portable = study.view === 'AP';
  return {
    scatter: portable ? 0.75 : 0.42,
    scatterWidth: 3.5,
    compression: study.view === 'LATERAL' ? 0.72 : 0.62,
    compressionWidth: 5,
    unsharpness: portable ? 0.055 : 0.035,
    noise: 0.0024,
    level: Math.min(0.78, Math.max(0.36, 0.6 - 0.11 * study.exposure)),
    detail: portable ? 0.5 : 0.6,
    detailWidth: 0.55,
    contrast: (study.view === 'PA' ? 0.48 : 0.42) * (1 + 0.1 * study.exposure),
  };
}

/** A round lesion as overlapping spheres, so that its edge is soft and not quite round. */
function lumps(centre: Vec3, radius: number, study: Study): Solid[] {
  const random = draws(foldIn(key(study.patient.detail), 9));
  return [0.98, 0.9, 0.8, 0.72].map((part): Solid => {
    const off = (): number => random.uniform(-1, 1) * (1 - part) * radius * 0.8;
    const r = part * radius;
    return {
      kind: 'ellipsoid',
      centre: [centre[0] + off(), centre[1] + off(), centre[2] + off()],
      radii: [r, r, r * random.uniform(0.88, 1.05)],
    };
  });
}

/** What one cm of a vessel of this radius adds. */
export const vesselContrast = (radius: number): number => VESSEL_CONTRAST * Math.max(1, 1.8 - 2.6 * radius);

/** Fine things in aerated lung besides the vessels' trees. */
export function fineParts(study: Study, effect: Effects): { tubes: Tube[]; solids: { solid: Solid; amount: number }[] } {
  const tubes: Tube[] = [...hila(study.patient)];
  if (effect.edema > 0) tubes.push(...septalLines(study, effect.edema));
  for (const lung of [effect.left, effect.right])
    for (const b of lung.bands) tubes.push({ points: [b.from, b.to], radius: b.radius, amount: 2.1 });
  const solids = [effect.left, effect.right].flatMap(({ nodules }) =>
    nodules.flatMap(({ centre, radius }) =>
      lumps(centre, radius, study).map((solid) => ({ solid, amount: (NODULE * (1.6 / radius) ** 0.7) / 4 })),
    ),
  );
  return { tubes, solids };
}

/** Vessels and other fine things in aerated lung, weighted by how much lung there is. */
function addFine(water: Float32Array, aerated: Float32Array, study: Study, effect: Effects, view: View, grid: Grid): void {
  const fine = new Float32Array(water.length);
  for (const side of ['left', 'right'] as const) addRods(fine, vesselTree(study.patient, side), effect.vessels, vesselContrast, view, grid);
  const { tubes, solids } = fineParts(study, effect);
  for (const tube of tubes) addTube(fine, tube, view, grid);
  for (const { solid, amount } of solids) addSolid(fine, solid, view, grid, amount);
  const noise = noiseTile();
  const noiseAt = sampleNoise; // looked up once, not for each pixel
  const place = study.patient.detail % 199;
  const grainy = 0.05 + 0.11 * effect.edema;
  for (let row = 0; row < grid.width; row++) {
    const z = grid.v0 - row * grid.pitch;
    for (let column = 0; column < grid.width; column++) {
      const i = row * grid.width + column;
      const lung = aerated[i]!;
      if (lung <= 0) continue;
      const u = grid.u0 + column * grid.pitch;
      const texture = noiseAt(noise, u * 1.9 + place, z * 1.9) + 0.7 * noiseAt(noise, u * 4.3, z * 4.3 + place);
      water[i]! += fine[i]! * Math.min(1, lung / 3) + grainy * texture * Math.min(1, lung / 6);
    }
  }
}

/**
 * Line integrals of absorption, [width * width].
 *
 * @param effect what the findings do to organs and lungs, where it is not all of it
 * @param ribs   how much bone ribs have, of what they should
 */
export function attenuation(study: Study, view: View, grid: Grid, effect: Effects = effects(study), ribs: number = 1): Float32Array {
  const { solids, gas } = organs(study, effect);
  const lungs = (['right', 'left'] as const).map((side) => ({ lung: makeLung(side, study), state: effect[side] }));
  const { water, aerated } = trace({ body: bodySolids(study), organs: solids, lungs, noise: noiseTile() }, view, grid);
  addFine(water, aerated, study, effect, view, grid);
  for (const solid of gas) addSolid(water, solid, view, grid, LESS.gas);
  addSolid(water, middleFat(study.patient), view, grid, LESS.fat);
  for (const tube of airways(study.patient, effect.shift)) addTube(water, tube, view, grid);

  const bone = new Float32Array(water.length);
  const bones = skeleton(study, ribs);
  for (const tube of bones.tubes) addTube(bone, tube, view, grid);
  for (const { solid, amount } of bones.solids) addSolid(bone, solid, view, grid, amount);
  for (const { outline, amount } of bones.plates) addPlate(bone, outline, amount, view, grid);
  const metal = new Float32Array(water.length);
  for (const tube of sideMarker(study, grid, draws(foldIn(key(study.detail), 5)))) addTube(metal, tube, view, grid);
  for (const device of devices(study, effect.shift)) {
    for (const tube of device.tubes) addTube(metal, tube, view, grid);
    for (const { outline, amount } of device.plates) addPlate(metal, outline, amount, view, grid);
  }
  const lateral = study.view === 'LATERAL';
  const mu = lateral ? 0.15 : MU.water; // the longer way takes harder rays
  const out = water;
  for (let i = 0; i < out.length; i++) out[i] = mu * Math.max(0, water[i]!) + MU.bone * bone[i]! + MU.metal * Math.min(0.6, metal[i]!);
  return out;
}

/** Mean signal of the middle of the image without its extremes: what an exposure meter sees. */
function meter(signal: Float32Array, width: number): number {
  const values: number[] = [];
  const step = Math.max(1, Math.floor(width / 48));
  for (let y = Math.floor(width * 0.15); y < width * 0.8; y += step)
    for (let x = Math.floor(width * 0.18); x < width * 0.82; x += step) values.push(signal[y * width + x]!);
  const sorted = Float32Array.from(values).sort();
  const [low, high] = [Math.floor(sorted.length * 0.1), Math.floor(sorted.length * 0.9)];
  let sum = 0;
  for (let i = low; i < high; i++) sum += sorted[i]!;
  return sum / (high - low);
}

/** Rays for each side of a pixel: small images are means over finer ones. */
export function oversampling(size: number): number {
  return size <= 160 ? 2 : 1;
}

/** What a study's detector shows. */
export interface Exposed {
  /** 0 (black) to 1 (white), [size * size], shutters open. */
  readonly grey: Float32Array;
  /** What the exposure meter saw. */
  readonly metered: number;
}

/**
 * Detector and display.
 *
 * @param absorbed line integrals on the fine grid; not changed
 * @param metered  of another exposure, whose setting this one takes
 */
export function expose(study: Study, absorbed: Float32Array, grid: Grid, size: number, metered?: number): Exposed {
  const factor = grid.width / size;
  const technique = exposure(study);
  const pitch = grid.pitch * factor;
  const signal = downsample(detect(absorbed, grid.width, grid.pitch, technique), grid.width, factor);
  addQuantumNoise(signal, pitch, normalArray(foldIn(key(study.detail), 2), size * size), technique);
  const centre = metered ?? meter(signal, size);
  return { grey: develop(signal, size, pitch, centre, technique), metered: centre };
}

/** Closes the collimator's shutters, as the study has them. Changes the image. */
export function closeShutters(grey: Float32Array, study: Study, size: number): void {
  collimate(grey, size, study, draws(foldIn(key(study.detail), 6)));
}

/** Grey levels as bytes. */
export function toBytes(grey: Float32Array): Uint8Array {
  return Uint8Array.from(grey, (v) => Math.round(255 * v));
}

/**
 * Renders a study.
 *
 * @param size         width and height, pixels, 64 to 512 (others work)
 * @param options.ribs how much bone ribs have, of what they should: less than 1 is a chest that there is not, for tests of what sees that
 * @returns            grey, row-major, [size * size], 0 (black, air) to 255 (white)
 */
export function renderStudy(study: Study, size: number, { ribs = 1 }: { readonly ribs?: number } = {}): Uint8Array {
  const { view, grid } = geometry(study, size * oversampling(size));
  const { grey } = expose(study, attenuation(study, view, grid, effects(study), ribs), grid, size);
  closeShutters(grey, study, size);
  return toBytes(grey);
}

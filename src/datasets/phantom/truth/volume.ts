/** A study's anatomy as computed tomography would show it: a block of voxels in Hounsfield units. */

import type { Grid } from '../../../imaging';
import { devices } from '../devices';
import { effects } from '../effects';
import { makeLung } from '../lungs';
import { organs } from '../organs';
import { fineParts, LESS, MU, noiseTile, vesselContrast } from '../render';
import { skeleton } from '../skeleton';
import { bodySolids, middleFat } from '../torso';
import { type Steps, traceSteps } from '../trace';
import type { Study } from '../types';
import { airways, vesselTree } from '../vessels';
import { addPlateVoxels, addRodsVoxels, addSolidVoxels, addTubeVoxels, THROUGH, type Voxels } from './voxels';

/** The scanner's field, cm for an average adult: across and along the body, and from back to front. */
const FIELD = { across: 50, depth: 40 } as const;

/** What scanners hold in 12 bits. */
const MOST_HU = 3071;

/** A volume in the patient's axes: x to the left, y to the back, z to the head (DICOM's LPS). */
export interface PhantomVolume {
  /** Hounsfield units, [z][y][x]: x runs fastest. */
  readonly data: Float32Array;
  /** Voxels along x, y and z. */
  readonly shape: readonly [number, number, number];
  /** mm from voxel to voxel along x, y and z. */
  readonly spacing: readonly [number, number, number];
  /** From a voxel's index (x, y, z, 1) to the patient's coordinates in mm: 4 × 4, row by row. The body's middle line is x = 0. */
  readonly affine: readonly number[];
}

/** @throws RangeError where voxels would be too many or too few to be of use */
export function checkSpacing(where: string, spacing: number): void {
  if (!(spacing >= 1.5 && spacing <= 10)) throw new RangeError(`${where}: expected 1.5 to 10 mm, got ${spacing}`);
}

/** Absorption of each voxel, in water's. */
function relativeAbsorption(study: Study, grid: Grid, steps: Steps): Float32Array {
  const effect = effects(study);
  const { patient } = study;
  const { solids, gas } = organs(study, effect);
  const lungs = (['right', 'left'] as const).map((side) => ({ lung: makeLung(side, study), state: effect[side] }));
  const { water, aerated } = traceSteps({ body: bodySolids(study), organs: solids, lungs, noise: noiseTile() }, THROUGH, grid, steps);

  const fine: Voxels = { grid, steps, values: new Float32Array(water.length) };
  for (const side of ['left', 'right'] as const) addRodsVoxels(fine, vesselTree(patient, side), effect.vessels, vesselContrast);
  const parts = fineParts(study, effect);
  for (const tube of parts.tubes) addTubeVoxels(fine, tube);
  for (const { solid, amount } of parts.solids) addSolidVoxels(fine, solid, amount);
  for (let i = 0; i < water.length; i++) water[i]! += fine.values[i]! * aerated[i]!;

  const all: Voxels = { grid, steps, values: water };
  for (const solid of gas) addSolidVoxels(all, solid, LESS.gas);
  addSolidVoxels(all, middleFat(patient), LESS.fat);
  for (const tube of airways(patient, effect.shift)) addTubeVoxels(all, tube);
  for (let i = 0; i < water.length; i++) water[i] = Math.max(0, water[i]!);
  const [bone, metal] = [MU.bone / MU.water, MU.metal / MU.water];
  const bones = skeleton(study);
  for (const tube of bones.tubes) addTubeVoxels(all, tube, bone);
  for (const { solid, amount } of bones.solids) addSolidVoxels(all, solid, bone * amount);
  for (const { outline, amount } of bones.plates) addPlateVoxels(all, outline, bone * amount);
  for (const device of devices(study, effect.shift)) {
    for (const tube of device.tubes) addTubeVoxels(all, tube, metal);
    for (const { outline, amount } of device.plates) addPlateVoxels(all, outline, metal * amount);
  }
  return water;
}

/**
 * The study's anatomy as a volume, from the same solids, tubes and plates as its radiograph: a projection of it is that radiograph, but for the texture of the
 * lungs and what is finer than a voxel. As a scanner's, values end at 3071 HU, which metal exceeds. The patient stands as for the study's view: with the
 * shoulders forward for PA, with raised arms for a lateral view.
 *
 * @param study   such as a record's (`PhantomDataset.study`)
 * @param spacing mm from voxel to voxel, 1.5 to 10; at 2 mm there are about 12 million voxels, at 1.5 mm 30 million
 * @throws RangeError where the spacing is out of range
 */
export function phantomVolume(study: Study, spacing: number): PhantomVolume {
  checkSpacing('phantomVolume: spacing', spacing);
  const pitch = spacing / 10;
  const width = Math.ceil((FIELD.across * study.patient.size) / pitch);
  const count = Math.ceil((FIELD.depth * study.patient.size) / pitch);
  const steps: Steps = { from: (-count * pitch) / 2, step: pitch, count };
  const values = relativeAbsorption(study, { width, pitch, u0: 0, v0: 0 }, steps);
  const data = new Float32Array(values.length);
  for (let z = 0; z < width; z++)
    for (let y = 0; y < count; y++) {
      const from = ((width - 1 - z) * count + (count - 1 - y)) * width; // rows run down, steps to the front
      for (let x = 0; x < width; x++) data[(z * count + y) * width + x] = Math.min(MOST_HU, 1000 * (values[from + x]! - 1));
    }
  const first = (n: number): number => (-(n - 1) * spacing) / 2;
  return {
    data,
    shape: [width, count, width],
    spacing: [spacing, spacing, spacing],
    affine: [spacing, 0, 0, first(width), 0, spacing, 0, first(count), 0, 0, spacing, first(width), 0, 0, 0, 1],
  };
}

/** Volumes of computed tomography in the patient's axes. */

import { FileError } from './errors';

export type Triple = readonly [number, number, number];

/** A CT volume. Its axes are the patient's, as far as whole turns and mirrorings allow: x to the left, y to the back, z to the head (DICOM's LPS). */
export interface Volume {
  /** Hounsfield units, [z][y][x]: x runs fastest. */
  readonly data: Float32Array;
  /** Voxels along x, y and z. */
  readonly shape: Triple;
  /** mm from voxel to voxel along x, y and z. */
  readonly spacing: Triple;
  /** From a voxel's index (x, y, z, 1) to the patient's coordinates in mm (LPS): 4 × 4, row by row. */
  readonly affine: readonly number[];
}

/** 2 GiB of values; a whole body at 1 mm has a third of it. */
const MOST_VOXELS = 5e8;

/** @throws FileError where a volume would fill the memory */
export function checkVoxels(path: string, shape: Triple): void {
  const count = shape[0] * shape[1] * shape[2];
  if (!(count >= 1 && count <= MOST_VOXELS))
    throw new FileError(path, `announces ${shape.join(' × ')} voxels; expected one or more, at most ${MOST_VOXELS / 1e6} million`);
}

const length = (v: readonly number[]): number => Math.hypot(...v);

/** Of right angles: the cosine that rounding in a header may leave. */
const SKEW = 0.01;

/** Degrees by which a scan may lie aslant in the patient, as patients do on a table. */
const MOST_ASLANT = 10;

/** @throws RangeError where axes are no axes of a body: without length, two along one, not at right angles, or far from the patient's */
function checkAxes(directions: readonly (readonly number[])[], towards: readonly number[]): void {
  if (directions.some((d) => !(length(d) > 0)) || new Set(towards).size < 3)
    throw new RangeError('its axes do not stand on each other: the orientation is damaged');
  const units = directions.map((d) => d.map((value) => value / length(d)));
  const cosine = (i: number, j: number): number => units[i]!.reduce((sum, value, k) => sum + value * units[j]![k]!, 0);
  if ([cosine(0, 1), cosine(0, 2), cosine(1, 2)].some((value) => Math.abs(value) > SKEW))
    throw new RangeError('its axes are not at right angles (a tilted gantry?), which is not read; resample it to a straight grid');
  const aslant = Math.max(...units.map((unit, axis) => (180 / Math.PI) * Math.acos(Math.min(1, Math.abs(unit[towards[axis]!]!)))));
  if (aslant > MOST_ASLANT)
    throw new RangeError(
      `its axes lie ${Math.round(aslant)}° aslant in the patient, which would turn every picture; resample it along the patient's axes`,
    );
}

/**
 * A volume with its axes in the patient's order and direction: whole axes are exchanged and turned, no value is interpolated.
 *
 * @param affine from index to patient (LPS), as the file has it
 * @throws RangeError where the axes are no axes (one has no length, two lie along one of the patient's, or not at right angles), or lie more than 10° from them
 */
export function inPatientAxes(data: Float32Array, shape: Triple, affine: readonly number[]): Volume {
  const column = (axis: number): [number, number, number] => [affine[axis]!, affine[4 + axis]!, affine[8 + axis]!];
  const directions = [0, 1, 2].map(column);
  // Each axis goes to the patient's axis that it is nearest to.
  const towards = directions.map((d) => d.reduce((best, value, i) => (Math.abs(value) > Math.abs(d[best]!) ? i : best), 0));
  checkAxes(directions, towards);
  const source = [0, 1, 2].map((patient) => towards.indexOf(patient));
  const turned = source.map((axis, patient) => directions[axis]![patient]! < 0);
  const newShape = source.map((axis) => shape[axis]!) as [number, number, number];
  const newAffine = [...affine];
  const origin = [affine[3]!, affine[7]!, affine[11]!];
  source.forEach((axis, patient) => {
    for (let row = 0; row < 3; row++) {
      const step = directions[axis]![row]!;
      newAffine[4 * row + patient] = turned[patient] ? 0 - step : step; // never a negative zero
      if (turned[patient]) origin[row]! += step * (shape[axis]! - 1);
    }
  });
  for (let row = 0; row < 3; row++) newAffine[4 * row + 3] = origin[row]!;
  const spacing = source.map((axis) => length(directions[axis]!)) as [number, number, number];
  const same = source.every((axis, patient) => axis === patient && !turned[patient]);
  return { data: same ? data : reordered(data, shape, source, turned), shape: newShape, spacing, affine: newAffine };
}

/** The values in another order of axes. */
function reordered(data: Float32Array, shape: Triple, source: readonly number[], turned: readonly boolean[]): Float32Array {
  const strides = [1, shape[0], shape[0] * shape[1]];
  const [nx, ny, nz] = source.map((axis) => shape[axis]!) as [number, number, number];
  const [sx, sy, sz] = source.map((axis, i) => (turned[i] ? -1 : 1) * strides[axis]!) as [number, number, number];
  const start = source.reduce((sum, axis, i) => sum + (turned[i] ? (shape[axis]! - 1) * strides[axis]! : 0), 0);
  const out = new Float32Array(data.length);
  let at = 0;
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) {
      let from = start + z * sz + y * sy;
      for (let x = 0; x < nx; x++, from += sx) out[at++] = data[from]!;
    }
  return out;
}

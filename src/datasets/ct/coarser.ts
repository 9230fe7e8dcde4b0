/** A CT volume with fewer, larger voxels: rays through it take a fraction of the time, and a small picture shows no more. */

import type { Triple, Volume } from '../../files';

/**
 * Averages whole blocks of voxels, along each axis as many as stay within a spacing; where it is finer there than voxels already are, they stay. What fills no
 * block at the far ends is left out.
 *
 * @param spacing mm that voxels may have, such as 2.5 for pictures of 160 × 160
 * @throws RangeError where the spacing is not positive
 */
export function coarserVolume(volume: Volume, spacing: number): Volume {
  if (!(spacing > 0)) throw new RangeError(`coarserVolume: expected a positive spacing, got ${spacing}`);
  const { shape, affine } = volume;
  const times = volume.spacing.map((side, i) => Math.min(shape[i]!, Math.max(1, Math.floor(spacing / side)))) as unknown as Triple;
  const [fx, fy, fz] = times;
  const [nx, ny, nz] = shape.map((n, i) => Math.floor(n / times[i]!)) as unknown as Triple;
  const data = new Float32Array(nx * ny * nz);
  for (let z = 0; z < nz * fz; z++)
    for (let y = 0; y < ny * fy; y++) {
      const to = (Math.floor(z / fz) * ny + Math.floor(y / fy)) * nx;
      const from = (z * shape[1] + y) * shape[0];
      for (let x = 0; x < nx; x++) for (let k = 0; k < fx; k++) data[to + x]! += volume.data[from + x * fx + k]!;
    }
  for (let i = 0; i < data.length; i++) data[i]! /= fx * fy * fz;
  return {
    data,
    shape: [nx, ny, nz],
    spacing: volume.spacing.map((side, i) => side * times[i]!) as unknown as Triple,
    // Columns grow with the voxels; the first voxel's centre is that of its block.
    affine: affine.map((value, i) => {
      const column = i % 4;
      if (column < 3) return value * times[column]!;
      return times.reduce((sum, f, axis) => sum + ((f - 1) / 2) * affine[i - 3 + axis]!, value);
    }),
  };
}

/** From Hounsfield units to what rays are weakened by. */

import type { Volume } from '../../files';
import { type Body, sharedFloats, type VoxelBounds, type VoxelGrid } from '../../imaging';

/** What water takes from a ray at the mean energy of a chest radiograph, about 65 keV, per mm. */
const WATER = 0.02;

/** HU above which there is lime. */
const LIME = 150;

/** How much more lime takes from a radiograph's rays than from those of a CT, which are harder. */
const SOFTER = 1.5;

/** mm between slices above which steps of ribs and vessels can be seen. */
const FINE = 2;

/** Attenuation per mm as the scanner measured it, max(0, 0.02 (1 + HU / 1000)). */
export function attenuationOf({ data, shape, spacing }: Volume): VoxelGrid {
  const mu = sharedFloats(data.length);
  for (let i = 0; i < mu.length; i++) mu[i] = Math.max(0, WATER + (WATER / 1000) * data[i]!);
  return { data: mu, shape, spacing };
}

/**
 * A body's attenuation per mm for the rays of a radiograph, to which bone is denser than to a CT's. The grid ends with the body in x and y, so that rays need
 * not cross the air beside it; its centre is that of the bounds there. Between slices that lie more than 2 mm apart others are put in proportion, so that
 * what is slanted has no steps.
 */
export function bodyAttenuation({ data }: Body, bounds: VoxelBounds, { shape, spacing }: Volume): VoxelGrid {
  const [nx, ny, nz] = shape;
  const { x, y } = bounds;
  const [width, height] = [x[1] - x[0], y[1] - y[0]];
  const times = Math.max(1, Math.ceil(spacing[2] / FINE));
  const mu = sharedFloats(width * height * nz * times);
  for (let z = 0, to = 0; z < nz * times; z++) {
    // The middle of the thin slice among those of the thick ones.
    const place = Math.min(nz - 1, Math.max(0, (z + 0.5) / times - 0.5));
    const below = Math.floor(place);
    const above = Math.min(nz - 1, below + 1);
    const f = place - below;
    for (let row = y[0]; row < y[1]; row++) {
      const low = (below * ny + row) * nx;
      const high = (above * ny + row) * nx;
      for (let column = x[0]; column < x[1]; column++, to++) {
        const hu = data[low + column]! + f * (data[high + column]! - data[low + column]!);
        const value = WATER + (WATER / 1000) * (hu > LIME ? LIME + SOFTER * (hu - LIME) : hu);
        mu[to] = value > 0 ? value : 0;
      }
    }
  }
  return { data: mu, shape: [width, height, nz * times], spacing: [spacing[0], spacing[1], spacing[2] / times] };
}

/** What is above a threshold, in HU rounded down, as the tool of DRR-RATE takes it. */
export function aboveThreshold({ data, shape, spacing }: Volume, threshold: number): VoxelGrid {
  const above = sharedFloats(data.length);
  for (let i = 0; i < data.length; i++) {
    const over = Math.trunc(data[i]!) - threshold;
    above[i] = over > 0 ? over : 0;
  }
  return { data: above, shape, spacing };
}

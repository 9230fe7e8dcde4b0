/** Ways to project a phantom's volume: as the data set's were, and with what a radiograph has besides, one by one. */

import type { DrrOptions, PhantomVolume } from '../../../datasets';
import { foldIn, type Key, key } from '../../../engine';
import { normalArray } from '../../../engine/internal';
import { gaussianBlur } from '../../../imaging';

/** How volumes become images. */
export interface ProjectionWay extends Pick<DrrOptions, 'threshold' | 'noise' | 'scatter'> {
  readonly mode: NonNullable<DrrOptions['mode']>;
  /** Whether aerated lung has a grain finer than the phantom's volume, whose tissues are even. */
  readonly texture?: boolean;
}

/** As DRR-RATE's images were made. */
export const AS_PUBLISHED: ProjectionWay = { mode: 'drr-rate', threshold: -100 };

const BARE: ProjectionWay = { mode: 'physical', noise: 0, scatter: 0 };

/** What may make reconstructions look unlike radiographs, each switched by itself and then all of it. */
export const CAUSES: Readonly<Record<string, ProjectionWay>> = {
  'as published, threshold -100': AS_PUBLISHED,
  'threshold 0': { mode: 'drr-rate', threshold: 0 },
  'attenuation and display of a radiograph': BARE,
  '… with noise': { ...BARE, noise: 1 },
  '… with scatter': { ...BARE, scatter: 1 },
  '… with texture': { ...BARE, texture: true },
  '… with all three': { mode: 'physical', noise: 1, scatter: 1, texture: true },
};

/** HU of what counts as aerated lung, and how much its grain adds to them at most places: a standard deviation. */
const LUNG = { from: -960, to: -500, grain: 90 } as const;

/** How far the grain reaches, voxels. */
const REACH = 0.8;

/** HU of a sharper reconstruction's noise, one standard deviation. */
const SHARP = 40;

/** The volume with a grain in aerated lung, as its small vessels make it. Deterministic. */
export function withLungTexture<V extends Pick<PhantomVolume, 'data' | 'shape'>>(volume: V, seed: Key): V {
  const { data, shape } = volume;
  const [nx, ny, nz] = shape;
  const out = Float32Array.from(data);
  const strength = LUNG.grain * 2 * Math.sqrt(Math.PI) * REACH; // what blurring takes from white noise in a plane
  for (let z = 0; z < nz; z++) {
    const grain = gaussianBlur(normalArray(foldIn(seed, z), nx * ny), nx, ny, REACH);
    for (let i = 0, at = z * nx * ny; i < nx * ny; i++, at++)
      if (data[at]! > LUNG.from && data[at]! < LUNG.to) out[at]! += strength * grain[i]!;
  }
  return { ...volume, data: out };
}

/** The same scan reconstructed with a sharper kernel: the data set has each scan about twice, so that its images are near-duplicates. */
export function sharperReconstruction<V extends Pick<PhantomVolume, 'data'>>(volume: V, seed: number): V {
  const noise = normalArray(foldIn(key(seed), 7), volume.data.length);
  return { ...volume, data: volume.data.map((value, i) => value + SHARP * noise[i]!) };
}

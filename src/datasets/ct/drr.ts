/** Digitally reconstructed radiographs: a CT volume projected as a radiograph. */

import { key } from '../../engine';
import { normalArray } from '../../engine/internal';
import type { Volume } from '../../files';
import { addQuantumNoise, detect, develop, type Exposure, findBody, projectVolume, type VoxelBounds, type VoxelGrid } from '../../imaging';
import { aboveThreshold, bodyAttenuation } from './attenuation';
import { chestGeometry, type DrrGeometry, type DrrView, publishedGeometry } from './geometry';

export type DrrMode = 'physical' | 'drr-rate';

export interface DrrOptions {
  /** By name, or degrees by which the source goes round the patient from AP to the patient's left; `pa` by default. */
  readonly view?: DrrView | number;
  /** Pixels of the image's sides, 512 by default. */
  readonly size?: number;
  /**
   * `physical` by default: attenuation per mm of the body alone, its exponential, scatter, noise and a radiograph's display. `drr-rate` has the
   * arithmetic and the geometry of the tool that DRR-RATE was made with: HU above a threshold times fractions of the ray, stretched from the lowest
   * to the highest.
   */
  readonly mode?: DrrMode;
  /** `drr-rate`: HU that count from here, -100 by default as in the data set; the tool's own default is 0. */
  readonly threshold?: number;
  /** `physical`: how much more exposed than usual the picture is shown, in steps of about -2 (light) to 2 (dark); 0 by default. */
  readonly exposure?: number;
  /** `physical`: noise relative to a usual dose's, 1 by default; 0 has none. */
  readonly noise?: number;
  /** `physical`: scattered radiation relative to the usual, 1 by default; 0 has none. */
  readonly scatter?: number;
  /** `physical`: what the noise follows from, 0 by default. */
  readonly seed?: number;
  /** Ends the work. */
  readonly signal?: AbortSignal;
}

/** A radiograph of a CT volume, with its geometry. */
export interface Drr {
  readonly width: number;
  readonly height: number;
  readonly channels: 1;
  /**
   * 0 (black, air) to 1 (white), [height * width]. The head is at the top, the patient's right on the left of frontal views. `lateral` has the front on
   * the right, as the phantom's; in the mode `drr-rate` on the left, as the data set's.
   */
  readonly pixels: Float32Array;
  /** Degrees from AP by which the source stands round the patient. */
  readonly azimuth: number;
  /** From the source to the detector, mm. */
  readonly sourceToDetector: number;
  /** From the source to the middle of what is shown, mm. */
  readonly sourceToCentre: number;
  /** From pixel to pixel in mm, in the plane of that middle. */
  readonly pixel: number;
}

/**
 * Projects a CT volume.
 *
 * @throws RangeError where an option is out of its range, or the volume's values are no Hounsfield units of a body: nothing but air, or none
 */
export async function radiographOf(volume: Volume, options: DrrOptions = {}): Promise<Drr> {
  return radiographsOf(volume)(options);
}

/**
 * Projects a CT volume again and again, such as for a slider: its body is looked for once, and what rays are weakened by is kept as long as the function is.
 *
 * @returns what `radiographOf` does with this volume
 */
export function radiographsOf(volume: Volume): (options?: DrrOptions) => Promise<Drr> {
  let body: Attenuating | undefined;
  let above: { readonly threshold: number; readonly grid: VoxelGrid } | undefined;
  let checked = false;
  const kept: Kept = {
    volume,
    body() {
      body ??= attenuatingOf(volume);
      return body;
    },
    above(threshold) {
      if (above?.threshold !== threshold) above = { threshold, grid: aboveThreshold(volume, threshold) };
      return above.grid;
    },
  };
  return async (options = {}) => {
    if (!checked) expectAir(volume);
    checked = true;
    return project(kept, options);
  };
}

/** A volume, and what was made of it before. */
interface Kept {
  readonly volume: Volume;
  body(): Attenuating;
  above(threshold: number): VoxelGrid;
}

/** HU below which there is air or lung. */
const AIR = -500;

const NO_BODY = 'the volume holds nothing but air: its values are no Hounsfield units, or it shows no body';

/** A CT of a chest has air in it and around it; where none is seen, the values were never rescaled, or are the greys of a picture. */
function expectAir({ data }: Volume): void {
  if (data.every((value) => value >= AIR))
    throw new RangeError(
      'the volume has no value of air (below -500): its values are no Hounsfield units; export it again with rescale slope and intercept applied',
    );
}

/** A volume's body and what rays are weakened by in it. */
interface Attenuating {
  readonly bounds: VoxelBounds;
  readonly lungs: VoxelBounds | undefined;
  readonly grid: VoxelGrid;
}

function attenuatingOf(volume: Volume): Attenuating {
  const body = findBody(volume);
  const { bounds, lungs } = body;
  if (!bounds) throw new RangeError(NO_BODY);
  return { bounds, lungs, grid: bodyAttenuation(body, bounds, volume) };
}

async function project(kept: Kept, options: DrrOptions): Promise<Drr> {
  const { view = 'pa', size = 512, mode = 'physical' } = options;
  if (!Number.isInteger(size) || size < 16 || size > 4096) throw new RangeError(`size: expected an integer from 16 to 4096, got ${size}`);
  if (mode !== 'physical' && mode !== 'drr-rate') throw new RangeError(`mode: expected physical or drr-rate, got ${String(mode)}`);
  const [geometry, pixels] = await (mode === 'drr-rate' ? asDrrRate : physical)(kept, view, size, options);
  const { azimuth, sourceToDetector, sourceToCentre, pixel } = geometry;
  return { width: size, height: size, channels: 1, pixels, azimuth, sourceToDetector, sourceToCentre, pixel };
}

async function asDrrRate(
  { above }: Kept,
  view: DrrView | number,
  size: number,
  { threshold = -100, signal }: DrrOptions,
): Promise<[DrrGeometry, Float32Array]> {
  if (!Number.isFinite(threshold)) throw new RangeError(`threshold: expected a number of HU, got ${threshold}`);
  const geometry = publishedGeometry(view, size);
  const sums = await projectVolume(above(threshold), geometry.rays, 'fraction', signal);
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < sums.length; i++) {
    const value = Math.min(32767, Math.trunc(sums[i]!)); // kept as 16-bit integers
    sums[i] = value;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(high > low)) throw new RangeError(NO_BODY);
  return [geometry, sums.map((value) => (value - low) / (high - low))];
}

async function physical(
  { volume, body }: Kept,
  view: DrrView | number,
  size: number,
  { exposure = 0, noise = 1, scatter = 1, seed = 0, signal }: DrrOptions,
): Promise<[DrrGeometry, Float32Array]> {
  if (!(exposure >= -4 && exposure <= 4)) throw new RangeError(`exposure: expected a number from -4 to 4, got ${exposure}`);
  if (!(noise >= 0)) throw new RangeError(`noise: expected a number from 0, got ${noise}`);
  if (!(scatter >= 0)) throw new RangeError(`scatter: expected a number from 0, got ${scatter}`);
  const { bounds, lungs, grid } = body();
  const geometry = chestGeometry(volume, bounds, lungs, view, size);
  const attenuation = await projectVolume(grid, geometry.rays, 'length', signal);
  // Of a longer way through the body the harder rays come out.
  const hardness = 1 - HARDENING * Math.abs(Math.sin((geometry.azimuth * Math.PI) / 180));
  for (let i = 0; i < attenuation.length; i++) attenuation[i]! *= hardness;
  const pitch = geometry.pixel / 10; // cm
  const usual = techniqueOf(geometry, exposure);
  const technique = { ...usual, scatter: scatter * usual.scatter };
  const signalOf = detect(attenuation, size, pitch, technique);
  if (noise > 0) addQuantumNoise(signalOf, pitch, normalArray(key(seed), size * size), { ...technique, noise: noise * technique.noise });
  return [geometry, develop(signalOf, size, pitch, meter(signalOf, attenuation), technique)];
}

/** How much less water takes from the rays of a lateral view, which also has a higher voltage. */
const HARDENING = 0.25;

/** How such a view is usually taken and shown. */
function techniqueOf({ azimuth }: DrrGeometry, exposure: number): Exposure {
  const bedside = azimuth === 0;
  return {
    scatter: bedside ? 0.35 : 0.15,
    scatterWidth: 3.5,
    compression: 0.6,
    compressionWidth: 4,
    unsharpness: 0.02,
    noise: 0.002,
    level: Math.min(0.78, Math.max(0.3, 0.52 - 0.11 * exposure)),
    detail: 1, // thick slices have smoothed what is fine
    detailWidth: 1.2,
    contrast: 0.34 * (1 + 0.1 * exposure),
  };
}

/** Line integrals below this are air beside the body: 5 mm of water. */
const BARE = 0.1;

/** The median signal behind the body, which gets the middle grey. */
function meter(signal: Float32Array, attenuation: Float32Array): number {
  const behind = signal.filter((_, i) => attenuation[i]! > BARE).sort();
  return behind.length > 0 ? behind[behind.length >> 1]! : 0;
}

/** From lengths of material along rays to what a digital detector and its processing show. */

import { gaussianBlur } from './blur';

/** How an image is exposed and displayed. */
export interface Exposure {
  /** Scattered radiation as a part of the primary, 0..1 (a grid leaves about 0.1 to 0.3). */
  readonly scatter: number;
  /** How far scatter spreads, cm. */
  readonly scatterWidth: number;
  /** How much of the coarse contrast is taken away by dynamic range compression, 0..1. */
  readonly compression: number;
  /** The size above which contrast counts as coarse, cm. */
  readonly compressionWidth: number;
  /** Blur by focal spot and screen, standard deviation in cm. */
  readonly unsharpness: number;
  /** Standard deviation of the quantum noise of 1 cm² behind 20 cm of water. */
  readonly noise: number;
  /** How much contrast of fine structures is added, 0 none. */
  readonly detail: number;
  /** The size below which contrast counts as fine, cm. */
  readonly detailWidth: number;
  /** Displayed grey level of the median of the body, 0..1. */
  readonly level: number;
  /** Slope of the curve: grey levels per unit of logarithmic signal. */
  readonly contrast: number;
}

/**
 * Detector signal of attenuation: exp(-attenuation), blurred, with scatter added, then the negative logarithm.
 *
 * @param attenuation  line integrals μ·length, [width * width]; not changed
 * @param pitch        pixel size, cm
 * @returns            logarithmic signal, greater where more was absorbed
 */
export function detect(attenuation: Float32Array, width: number, pitch: number, exposure: Exposure): Float32Array {
  const n = attenuation.length;
  const primary = new Float32Array(n);
  for (let i = 0; i < n; i++) primary[i] = Math.exp(-attenuation[i]!);
  const scatter = gaussianBlur(primary, width, width, exposure.scatterWidth / pitch);
  const sharp = exposure.unsharpness > 0.25 * pitch ? gaussianBlur(primary, width, width, exposure.unsharpness / pitch) : primary;
  for (let i = 0; i < n; i++) sharp[i] = -Math.log(sharp[i]! + exposure.scatter * scatter[i]!);
  return sharp;
}

/**
 * Adds the noise of counted photons to a logarithmic signal, more where fewer arrive and where pixels are smaller.
 *
 * @param signal  changed
 * @param normal  standard normal numbers, as many
 */
export function addQuantumNoise(signal: Float32Array, pitch: number, normal: Float32Array, exposure: Exposure): void {
  const grain = (exposure.noise * Math.exp(-2)) / pitch; // relative to exp(-4): 20 cm of water
  for (let i = 0; i < signal.length; i++) signal[i]! += grain * normal[i]! * Math.exp(signal[i]! / 2);
}

/**
 * Display processing: compresses coarse contrast, then a sigmoid curve around the level, as a radiograph is shown (dense is white).
 *
 * @param signal  logarithmic signal, [width * width]; not changed
 * @param centre  the signal that gets the grey `exposure.level`
 * @returns       0 (black) to 1 (white)
 */
export function develop(signal: Float32Array, width: number, pitch: number, centre: number, exposure: Exposure): Float32Array {
  const coarse = gaussianBlur(signal, width, width, exposure.compressionWidth / pitch);
  const middle = gaussianBlur(signal, width, width, exposure.detailWidth / pitch);
  const out = new Float32Array(signal.length);
  const shift = Math.log(exposure.level / (1 - exposure.level));
  for (let i = 0; i < signal.length; i++) {
    const compressed = signal[i]! - exposure.compression * (coarse[i]! - centre) + exposure.detail * (signal[i]! - middle[i]!);
    out[i] = 1 / (1 + Math.exp(-4 * exposure.contrast * (compressed - centre) - shift));
  }
  return out;
}

/** Mean over squares of `factor` × `factor` pixels; the width must be a multiple of the factor. */
export function downsample(image: Float32Array, width: number, factor: number): Float32Array {
  const small = width / factor;
  const out = new Float32Array(small * small);
  const scale = 1 / (factor * factor);
  for (let y = 0; y < width; y++) {
    const row = Math.floor(y / factor) * small;
    for (let x = 0; x < small; x++) {
      let sum = 0;
      for (let k = 0; k < factor; k++) sum += image[y * width + x * factor + k]!;
      out[row + x]! += sum * scale;
    }
  }
  return out;
}

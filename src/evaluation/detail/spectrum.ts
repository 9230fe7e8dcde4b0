/** How much of each frequency images have: the radially averaged power spectrum. */

import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, scope } from '../../engine';
import { overRows } from '../../engine/internal';
import type { DetailBand } from './rows';

/** Power by image and ring. */
export interface Spectra {
  readonly images: number;
  /** Rings 1, 2, … of whole cycles over the image's width, as far as half its pixels (Nyquist). */
  readonly rings: number;
  /** The mean over each ring's frequencies, [images, rings]. */
  readonly power: Float64Array;
  /** How many frequencies a ring has. */
  readonly counts: Int32Array;
  /** What rounding to 8 bits gives to every frequency. */
  readonly floor: number;
}

/** Images at a time: of each the whole plane of frequencies is held. */
const BLOCK = 16;
const EIGHT_BITS = 255;

/** Hann's window over `size` pixels, periodic. */
const hann = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size));

/** Of each frequency of the plane, row-major as the transform has it, its ring; 0 where it is the mean, or beyond Nyquist. */
function ringsOf(size: number): Int32Array {
  const last = Math.floor(size / 2);
  const signed = (k: number): number => (k > size / 2 ? k - size : k);
  return Int32Array.from({ length: size * size }, (_, at) => {
    const ring = Math.round(Math.hypot(signed(Math.floor(at / size)), signed(at % size)));
    return ring <= last ? ring : 0;
  });
}

/**
 * The mean is taken away and Hann's window laid over, so that the image's edges do not count as detail; the transform is a product with the matrices of cosines and sines.
 *
 * @param pixels images one after another, size × size each, 0 to 1
 * @throws RangeError where they are no whole number of images, or one is not finite
 */
export async function spectraOf(pixels: Float32Array, size: number, signal?: AbortSignal): Promise<Spectra> {
  const area = size * size;
  const images = pixels.length / area;
  if (!Number.isInteger(images) || images === 0)
    throw new RangeError(`spectraOf: ${pixels.length} values are no whole number of ${size} × ${size} images`);
  const window = hann(size);
  const ring = ringsOf(size);
  const rings = Math.floor(size / 2);
  const counts = new Int32Array(rings);
  for (const r of ring) if (r > 0) counts[r - 1]! += 1;
  const energy = window.reduce((sum, w) => sum + w * w, 0) ** 2;
  const angle = (i: number): number => (2 * Math.PI * ((Math.floor(i / size) * (i % size)) % size)) / size;
  const params = {
    window: scope(() => tf.outerProduct(tf.tensor1d(window), tf.tensor1d(window))),
    cosines: tf.tensor2d(
      Float32Array.from({ length: area }, (_, i) => Math.cos(angle(i))),
      [size, size],
    ),
    sines: tf.tensor2d(
      Float32Array.from({ length: area }, (_, i) => Math.sin(angle(i))),
      [size, size],
    ),
  };
  const transform = compileNetwork(({ window: w, cosines: c, sines: s }: typeof params, batch: tf.Tensor3D) =>
    scope(() => {
      const mean = tf.div(tf.sum(tf.mul(batch, w), [1, 2], true), tf.sum(w));
      const x = tf.mul(tf.sub(batch, mean), w);
      const along = (m: tf.Tensor2D): tf.Tensor3D => tf.reshape(tf.matMul(tf.reshape(x, [-1, size]) as tf.Tensor2D, m), [-1, size, size]);
      const across = (m: tf.Tensor2D, of: tf.Tensor3D): tf.Tensor3D =>
        tf.reshape(tf.matMul(tf.reshape(tf.transpose(of, [0, 2, 1]), [-1, size]) as tf.Tensor2D, m), [-1, size, size]);
      const [xc, xs] = [along(c), along(s)];
      const real = tf.sub(across(c, xc), across(s, xs));
      const imaginary = tf.add(across(s, xc), across(c, xs));
      return { power: tf.reshape(tf.add(tf.square(real), tf.square(imaginary)), [-1, area]) };
    }),
  );
  const power = new Float64Array(images * rings);
  try {
    for (let from = 0; from < images; from += BLOCK) {
      signal?.throwIfAborted();
      const block = pixels.subarray(from * area, Math.min(images, from + BLOCK) * area);
      const columns = [{ values: block, shape: [size, size] }];
      const { power: planes } = await overRows(
        (batch) => transform(params, batch as tf.Tensor3D),
        columns,
        { power: area },
        { batch: BLOCK },
      );
      for (let at = 0; at < planes.length; at++) {
        const r = ring[at % area]!;
        if (r > 0) power[(from + Math.floor(at / area)) * rings + r - 1]! += planes[at]! / counts[r - 1]!;
      }
    }
  } finally {
    transform.dispose();
    dispose(params);
  }
  const bad = power.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`spectraOf: image ${Math.floor(bad / rings)} has values that are not finite`);
  return { images, rings, power, counts, floor: energy / (12 * EIGHT_BITS ** 2) };
}

/** Octaves up to Nyquist, from coarse to fine. */
export function bandsOf(size: number): DetailBand[] {
  const bands: DetailBand[] = [];
  for (let to = Math.floor(size / 2); to >= 2; to = Math.floor(to / 2)) bands.unshift({ from: Math.floor(to / 2), to });
  return bands;
}

/** Natural logarithms of power by image and group of rings, [images, groups]; less than what rounding gives counts as that. */
export interface LogPower {
  readonly images: number;
  readonly groups: number;
  readonly values: Float64Array;
}

/** @param groups rings (from 1) whose frequencies count alike */
export function logPowerOf({ images, rings, power, counts, floor }: Spectra, groups: readonly (readonly number[])[]): LogPower {
  const values = new Float64Array(images * groups.length);
  for (let i = 0; i < images; i++)
    groups.forEach((group, g) => {
      let [sum, count] = [0, 0];
      for (const ring of group) {
        sum += power[i * rings + ring - 1]! * counts[ring - 1]!;
        count += counts[ring - 1]!;
      }
      values[i * groups.length + g] = Math.log(Math.max(floor, sum / count));
    });
  return { images, groups: groups.length, values };
}

/** Rings of a band: those above its lower end, so that no ring is in two; the coarsest band has its own too. */
export const ringsOfBand = ({ from, to }: DetailBand, first: boolean): number[] =>
  Array.from({ length: to }, (_, i) => i + 1).filter((ring) => ring > from || (first && ring === from));

/** What makes single images worse: plain functions from pixels to pixels. */

import { foldIn, type Key } from '../../engine';
import { normalArray, permutation } from '../../engine/internal';

/** Weights of a Gaussian out to three deviations. */
function gaussian(deviation: number): Float64Array {
  const reach = Math.max(1, Math.ceil(3 * deviation));
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * deviation ** 2)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** Filtered along columns, the edge repeated. */
function blurredDown(image: Float32Array, size: number, deviation: number): Float32Array {
  const weights = gaussian(deviation);
  const reach = (weights.length - 1) / 2;
  const out = new Float32Array(image.length);
  for (let y = 0; y < size; y++)
    for (let k = 0; k < weights.length; k++) {
      const from = Math.min(size - 1, Math.max(0, y + k - reach)) * size;
      const weight = weights[k]!;
      for (let x = 0; x < size; x++) out[y * size + x]! += weight * image[from + x]!;
    }
  return out;
}

function transposed(image: Float32Array, size: number): Float32Array {
  const out = new Float32Array(image.length);
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) out[x * size + y] = image[y * size + x]!;
  return out;
}

/** Out of focus: a Gaussian whose deviation is this fraction of the width. */
export function blurred(image: Float32Array, size: number, deviation: number): Float32Array {
  const along = (one: Float32Array): Float32Array => transposed(blurredDown(one, size, deviation * size), size);
  return along(along(image));
}

/** Normal noise of this deviation; the same for every deviation but for its size. */
export function noisy(image: Float32Array, deviation: number, key: Key): Float32Array {
  const noise = normalArray(key, image.length);
  return image.map((value, i) => value + deviation * noise[i]!);
}

/** Greys nearer to their mean by this fraction. */
export function flattened(image: Float32Array, fraction: number): Float32Array {
  const mean = image.reduce((sum, value) => sum + value, 0) / image.length;
  return image.map((value) => value + fraction * (mean - value));
}

/** Squares along a side. */
const SQUARES = 8;

/** This fraction of 8 × 8 squares, two at least, each moved to the place of the next. */
export function swapped(image: Float32Array, size: number, fraction: number, key: Key): Float32Array {
  const count = Math.max(2, Math.round(fraction * SQUARES ** 2));
  const chosen = permutation(key, SQUARES ** 2).slice(0, count);
  const edge = (i: number): number => Math.floor((i * size) / SQUARES);
  const side = Math.floor(size / SQUARES);
  const out = image.slice();
  chosen.forEach((to, i) => {
    const from = chosen[(i + 1) % count]!;
    for (let y = 0; y < side; y++) {
      const source = (edge(Math.floor(from / SQUARES)) + y) * size + edge(from % SQUARES);
      out.set(image.subarray(source, source + side), (edge(Math.floor(to / SQUARES)) + y) * size + edge(to % SQUARES));
    }
  });
  return out;
}

/** Finest and coarsest of what ribs add, as deviations of Gaussians in fractions of the height. */
const [FINE, COARSE] = [1 / 64, 1 / 16] as const;

/** Less this fraction of what changes from top to bottom over the width of ribs: ribs lie across. For images of which there is no other form without ribs. */
export function withoutBands(image: Float32Array, size: number, fraction: number): Float32Array {
  const [fine, coarse] = [blurredDown(image, size, FINE * size), blurredDown(image, size, COARSE * size)];
  return image.map((value, i) => value - fraction * (fine[i]! - coarse[i]!));
}

/** The deviation that leaves light and shadow, and no shape. */
const SHAPELESS = 1 / 6;
const SHAPELESS_NOISE = 0.01;

/** What a model makes that has learnt the mean brightness of places and nothing else. */
export function shapeless(image: Float32Array, size: number, key: Key): Float32Array {
  return noisy(blurred(image, size, SHAPELESS), SHAPELESS_NOISE, foldIn(key, 0));
}

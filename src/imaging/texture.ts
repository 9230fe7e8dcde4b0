/** Smooth random fields for the fine structure that no shape describes. */

import type { Key } from '../engine';
import { normalArray } from '../engine/internal';

/** A square tile of standard normal numbers that repeats; looked up with smooth interpolation. */
export interface NoiseTile {
  readonly size: number;
  readonly values: Float32Array;
}

/** A tile of `size` × `size` values (a power of two). */
export function makeNoiseTile(from: Key, size: number): NoiseTile {
  return { size, values: normalArray(from, size * size) };
}

/** The tile's value at a real position, in tile steps; continuous with continuous slope. */
export function sampleNoise(tile: NoiseTile, x: number, y: number): number {
  const mask = tile.size - 1;
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  let fx = x - ix;
  let fy = y - iy;
  fx = fx * fx * (3 - 2 * fx);
  fy = fy * fy * (3 - 2 * fy);
  const row = (iy & mask) * tile.size;
  const next = ((iy + 1) & mask) * tile.size;
  const a = ix & mask;
  const b = (ix + 1) & mask;
  const top = tile.values[row + a]! + fx * (tile.values[row + b]! - tile.values[row + a]!);
  const low = tile.values[next + a]! + fx * (tile.values[next + b]! - tile.values[next + a]!);
  return top + fy * (low - top);
}

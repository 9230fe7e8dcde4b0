/** Images as a training of image encoders sees them. */

import * as tf from '@tensorflow/tfjs-core';
import { foldIn, type Key, randomInts, uniformArray } from '../engine';
import type { Rows } from '../files';

/** How far images are moved at most, of their size, and how much brightness and contrast change. */
const AUGMENTED = { shift: 1 / 16, brightness: 0.1, contrast: 0.2 } as const;

/**
 * Images as a training sees them: moved a little, brighter or darker, with more or less contrast; never mirrored, since sides are findings' own. As ConVIRT's
 * (Zhang et al. 2020, section 4.1), less its rotations, and weaker, as small images need.
 *
 * @returns [rows.length, size, size, 1]; the caller disposes it
 */
export async function augmentedImages(pixels: Rows, rows: Int32Array, size: number, key: Key): Promise<tf.Tensor4D> {
  const area = size * size;
  const given = await pixels.read(rows);
  const [moving, shading] = [foldIn(key, 0), foldIn(key, 1)];
  const reach = Math.round(size * AUGMENTED.shift);
  const moves = randomInts(moving, 2 * rows.length, -reach, reach + 1);
  const shades = uniformArray(shading, 2 * rows.length);
  const out = new Float32Array(given.length);
  for (let b = 0; b < rows.length; b++) {
    const [dx, dy] = [moves[2 * b]!, moves[2 * b + 1]!];
    const contrast = 1 + (2 * shades[2 * b]! - 1) * AUGMENTED.contrast;
    const offset = 0.5 * (1 - contrast) + (2 * shades[2 * b + 1]! - 1) * AUGMENTED.brightness;
    for (let y = 0; y < size; y++) {
      const from = b * area + Math.min(size - 1, Math.max(0, y + dy)) * size;
      for (let x = 0; x < size; x++)
        out[b * area + y * size + x] = offset + contrast * given[from + Math.min(size - 1, Math.max(0, x + dx))]!;
    }
  }
  return tf.tensor4d(out, [rows.length, size, size, 1]);
}

/** Random squares of images at the network's size, as torchvision's RandomResizedCrop with the ratio 1 gives them; never mirrored, since sides are findings' own. */

import { foldIn, type Key, uniformArray } from '../../../engine';

/**
 * One square for each image: its area a uniform part of the image's, its place uniform, resampled bilinearly (pixel centres, edges repeated).
 *
 * @param images [n, size, size]; not changed
 * @param area   of the image's area, from and to; [1, 1] is the image itself
 * @returns      [n, size, size]
 */
export function randomResizedCrops(images: Float32Array, size: number, [least, most]: readonly [number, number], key: Key): Float32Array {
  const pixels = size * size;
  const n = images.length / pixels;
  const draws = uniformArray(foldIn(key, 0), 3 * n);
  const out = new Float32Array(images.length);
  for (let i = 0; i < n; i++) {
    const side = size * Math.sqrt(least + (most - least) * draws[3 * i]!);
    const [left, top] = [draws[3 * i + 1]! * (size - side), draws[3 * i + 2]! * (size - side)];
    resample(images.subarray(i * pixels, (i + 1) * pixels), out.subarray(i * pixels, (i + 1) * pixels), size, { left, top, side });
  }
  return out;
}

interface Square {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

function resample(from: Float32Array, to: Float32Array, size: number, { left, top, side }: Square): void {
  const step = side / size;
  const place = (start: number, i: number): number => Math.min(size - 1, Math.max(0, start + (i + 0.5) * step - 0.5));
  for (let y = 0; y < size; y++) {
    const v = place(top, y);
    const above = Math.floor(v);
    const below = Math.min(size - 1, above + 1);
    const fv = v - above;
    for (let x = 0; x < size; x++) {
      const u = place(left, x);
      const before = Math.floor(u);
      const behind = Math.min(size - 1, before + 1);
      const fu = u - before;
      const row = (at: number): number => from[at * size + before]! * (1 - fu) + from[at * size + behind]! * fu;
      to[y * size + x] = row(above) * (1 - fv) + row(below) * fv;
    }
  }
}

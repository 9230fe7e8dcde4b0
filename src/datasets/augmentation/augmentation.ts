/**
 * More images out of few: each in other places, turns and exposures, as one patient is radiographed twice. Never mirrored: the heart is on the left, and texts say
 * sides.
 */

import { foldIn, type Key, uniformArray } from '../../engine';
import type { Rows } from '../../files';
import { checkRows } from '../../files/internal';
import { warp } from './warp';

/** How far copies of an image may differ from it; each number is drawn uniformly within. */
export interface Augmentation {
  /** Images for each image, the first one unchanged. */
  readonly copies: number;
  /** Fraction of the width by which the content may move, to each side and up and down. */
  readonly shift: number;
  /** Degrees by which it may turn, either way. */
  readonly rotation: number;
  /** Fraction by which it may grow or shrink; as large as `shift` where it is left out. */
  readonly zoom?: number;
  /** Natural logarithm of the gamma that grey levels may get, either way; that of their gain is half of it. */
  readonly exposure: number;
}

/** An image in another place and exposure, by six numbers uniform in [-1, 1). */
function changed(
  image: Float32Array,
  size: number,
  { shift, rotation, zoom = shift, exposure }: Augmentation,
  draws: Float32Array,
): Float32Array {
  const [right, down, turn, growth, curve, light] = draws as unknown as [number, number, number, number, number, number];
  const moved = warp(image, size, {
    right: right * shift * size,
    down: down * shift * size,
    angle: (turn * rotation * Math.PI) / 180,
    scale: 1 + growth * zoom,
  });
  const gamma = Math.exp(curve * exposure);
  const gain = Math.exp((light * exposure) / 2);
  return moved.map((value) => Math.min(1, gain * value ** gamma));
}

/**
 * Rows of images with changed copies behind them, made when they are read: copy c of image i is row c · n + i, and follows from the key and its number alone.
 *
 * @param rows images of size × size, 0 to 1
 */
export function augmentedRows(rows: Rows, size: number, augmentation: Augmentation, key: Key): Rows {
  const { length: n, width } = rows;
  if (width !== size * size) throw new RangeError(`augmentedRows: expected images of ${size} pixels a side, got rows of ${width} values`);
  const length = n * augmentation.copies;
  return {
    length,
    width,
    get identity() {
      return `${rows.identity}, changed by ${JSON.stringify([augmentation, key])}`;
    },
    async read(chosen) {
      checkRows(chosen, length);
      const images = await rows.read(Array.from(chosen, (row) => row % n));
      for (let at = 0; at < chosen.length; at++) {
        const row = chosen[at]!;
        if (row < n) continue;
        const draws = uniformArray(foldIn(key, row), 6).map((u) => 2 * u - 1);
        images.set(changed(images.subarray(at * width, (at + 1) * width), size, augmentation, draws), at * width);
      }
      return images;
    },
  };
}

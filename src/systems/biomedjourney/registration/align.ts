/** The later image on the prior one's pixels. */

import type { GreyImage } from '../../../imaging';
import type { AffineMap } from './affine-map';
import type { Registration } from './register';

type Grey = GreyImage<Float32Array>;

/** An image seen through a map, and where there is something to see. */
export interface Warped {
  /** Greys, row-major, [height * width]; 0 outside. */
  readonly data: Float32Array;
  /** 1 where the map stays inside the image, else 0. */
  readonly inside: Uint8Array;
}

/** Rounding of a map, pixels: what it takes to a border is on it. */
const ON_BORDER = 1e-6;

/** Nearest whole position and the fraction after it, for bilinear interpolation along an axis of n pixels; undefined outside. */
function place(position: number, n: number): readonly [number, number] | undefined {
  if (!(position >= -ON_BORDER && position <= n - 1 + ON_BORDER)) return undefined;
  const whole = Math.max(0, Math.min(Math.floor(position), n - 2));
  return [whole, Math.max(0, Math.min(1, position - whole))];
}

/**
 * Samples an image bilinearly.
 *
 * @param map  from pixels of the result to those of the image
 * @param size of the result
 */
export function warp(image: Grey, map: AffineMap, size: { readonly width: number; readonly height: number }): Warped {
  const { width, height, data: source } = image;
  const data = new Float32Array(size.width * size.height);
  const inside = new Uint8Array(data.length);
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const column = place(map[0] * x + map[1] * y + map[2], width);
      const row = place(map[3] * x + map[4] * y + map[5], height);
      if (!column || !row) continue;
      const [left, fx] = column;
      const [top, fy] = row;
      const at = top * width + left;
      const upper = source[at]! * (1 - fx) + source[at + 1]! * fx;
      const lower = source[at + width]! * (1 - fx) + source[at + width + 1]! * fx;
      data[y * size.width + x] = upper * (1 - fy) + lower * fy;
      inside[y * size.width + x] = 1;
    }
  return { data, inside };
}

/**
 * The later image as it would be had the patient stood as in the prior one. Where it shows nothing, nothing is known to have changed: those pixels are the
 * prior's, in the later image's exposure.
 *
 * @returns greys of the prior image's size, 0 to 1
 */
export function alignTo(prior: Grey, later: Grey, { map, gain, offset }: Registration): Grey {
  const { data, inside } = warp(later, map, prior);
  for (let i = 0; i < data.length; i++) {
    if (!inside[i]) data[i] = gain * prior.data[i]! + offset;
    data[i] = Math.min(1, Math.max(0, data[i]!));
  }
  return { width: prior.width, height: prior.height, data };
}

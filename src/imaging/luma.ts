/** Colours to greys, and back to planes. */

import type { GreyImage } from './resize';

/**
 * The luma of 8-bit colours by ITU-R BT.601 in 16-bit fixed point, equal to Pillow's `convert("L")`.
 *
 * @param rgb interleaved, [n * 3]
 * @returns [n]
 */
export function luma(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  for (let i = 0; i < grey.length; i++) grey[i] = (19595 * rgb[3 * i]! + 38470 * rgb[3 * i + 1]! + 7471 * rgb[3 * i + 2]! + 32768) >> 16;
  return grey;
}

/**
 * Each channel as an image of its own.
 *
 * @param image `data` interleaved, [height * width * channels]
 */
export function channelPlanes(image: {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}): GreyImage<Uint8Array>[] {
  const { width, height, channels, data } = image;
  return Array.from({ length: channels }, (_, c) => ({
    width,
    height,
    data: channels === 1 ? data : Uint8Array.from({ length: width * height }, (_, i) => data[i * channels + c]!),
  }));
}

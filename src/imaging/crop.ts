/** The sides of a resized image, and its centre, as the image processors of networks count them. */

import type { GreyImage } from './resize';

/** Width and height in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The size of an image whose shortest or longest side is brought to `side`; the other keeps the proportion, its fraction of a pixel cut off as
 * torchvision and Transformers do it, and is one pixel at least.
 */
export function sizeForSide({ width, height }: ImageSize, side: number, which: 'shortest' | 'longest'): ImageSize {
  const other = (long: number, short: number): number => Math.max(1, Math.trunc((side * long) / short));
  const widthFirst = which === 'shortest' ? width <= height : width >= height;
  return widthFirst ? { width: side, height: other(height, width) } : { width: other(width, height), height: side };
}

/** Half of a whole number, half of an odd one to the even neighbour, as Python's `round` does it. */
function halfToEven(n: number): number {
  const down = Math.floor(n / 2);
  return n % 2 === 0 || down % 2 === 0 ? down : down + 1;
}

/**
 * The centre of an image. Where as many pixels cannot go on both sides, `rounding` says where the odd one goes: torchvision's `center_crop` rounds the
 * margin to an even number (`even`), that of Transformers rounds it down (`down`).
 *
 * @throws RangeError where the image is smaller
 */
export function centreCrop<Data extends Uint8Array | Float32Array>(
  image: GreyImage<Data>,
  size: ImageSize,
  rounding: 'even' | 'down',
): GreyImage<Data> {
  const { width, height } = size;
  if (width > image.width || height > image.height)
    throw new RangeError(`centreCrop: expected ${width} × ${height} pixels or more, got ${image.width} × ${image.height}`);
  const margin = (n: number): number => (rounding === 'even' ? halfToEven(n) : Math.floor(n / 2));
  const left = margin(image.width - width);
  const top = margin(image.height - height);
  const data = new (image.data.constructor as new (n: number) => Data)(width * height);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * image.width + left;
    data.set(image.data.subarray(from, from + width), y * width);
  }
  return { width, height, data };
}

/** Random squares of images: an autoencoder is convolutional, so what it learns of parts it does to whole images. */

import { foldIn, type Key, randomInts, split, uniformArray } from '../engine';

/** A square of an image, and whether the image was mirrored left to right before it was cut out. */
export interface Crop {
  readonly top: number;
  readonly left: number;
  readonly mirrored: boolean;
}

export interface CropOptions {
  /** Of the images, pixels. */
  readonly size: number;
  /** Of the squares, pixels, at most `size`. */
  readonly side: number;
  /** Fraction of images that are mirrored. */
  readonly flip: number;
}

/** The child of a step's key that the places of its crops are drawn from. */
const PLACES = 2;

/**
 * @param factor pixels of the images for one latent each way
 * @throws RangeError where squares of a side cannot be cut out of the images, or have no whole number of latents
 */
export function checkCrop(where: string, factor: number, side: number, size: number): void {
  if (!Number.isInteger(side) || side < factor || side > size || side % factor !== 0)
    throw new RangeError(
      `${where}: expected a multiple of ${factor}, the autoencoder's factor, up to the images' ${size} pixels, got ${side}`,
    );
}

/** A crop for each of `count` images, from the step's key alone: every place where the square fits is equally likely. */
export function drawCrops(step: Key, count: number, { size, side, flip }: CropOptions): Crop[] {
  const places = randomInts(foldIn(step, PLACES), 2 * count, 0, size - side + 1);
  const mirrored = uniformArray(split(step)[0]!, count);
  return Array.from({ length: count }, (_, i) => ({ top: places[2 * i]!, left: places[2 * i + 1]!, mirrored: mirrored[i]! < flip }));
}

/**
 * Cuts a square out of each image.
 *
 * @param images [crops.length, size, size], 0 to 1
 * @returns      [crops.length, side, side], -1 to 1
 */
export function cutCrops(images: Float32Array, crops: readonly Crop[], { size, side }: CropOptions): Float32Array {
  const out = new Float32Array(crops.length * side * side);
  crops.forEach(({ top, left, mirrored }, b) => {
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const column = mirrored ? size - 1 - left - x : left + x;
        out[(b * side + y) * side + x] = 2 * images[(b * size + top + y) * size + column]! - 1;
      }
  });
  return out;
}

/** Images that pipelines start from. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';

/** An image, row-major, 0 black to 1 white, channels interleaved; a `GeneratedImage` is one. */
export interface InputImage {
  readonly pixels: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/**
 * Images as a batch. A grey one is repeated for a model of colour images.
 *
 * @param where    what to call them in errors
 * @param channels that the network takes
 * @returns        [n, H, W, channels], 0 to 1; the caller disposes it
 * @throws RangeError where sizes differ, pixels do not fill the size, or values lie outside 0 to 1
 */
export function imageBatch(where: string, images: readonly InputImage[], channels: number): tf.Tensor4D {
  const { width, height } = images[0]!;
  for (const [i, image] of images.entries()) {
    if (image.width !== width || image.height !== height)
      throw new RangeError(`${where}: picture ${i} is ${image.width} x ${image.height}, the first ${width} x ${height}; resize them`);
    if (image.channels !== channels && image.channels !== 1)
      throw new RangeError(`${where}: picture ${i} has ${image.channels} channels, the model takes ${channels}`);
    if (image.pixels.length !== width * height * image.channels)
      throw new RangeError(`${where}: picture ${i}: expected ${width} x ${height} x ${image.channels} values, got ${image.pixels.length}`);
    if (!image.pixels.every((value) => value >= 0 && value <= 1)) throw new RangeError(`${where}: picture ${i} has values outside 0 to 1`);
  }
  return scope(() => {
    const rows = images.map((image) => {
      const pixels = tf.tensor4d(Float32Array.from(image.pixels), [1, height, width, image.channels]);
      return image.channels === channels ? pixels : tf.tile(pixels, [1, 1, 1, channels]);
    });
    return tf.concat(rows, 0);
  });
}

/**
 * One image for each prompt.
 *
 * @param images one for all prompts, or as many as there are
 */
export function onePerPrompt(where: string, images: readonly InputImage[], prompts: number): InputImage[] {
  if (images.length === prompts) return [...images];
  if (images.length === 1) return new Array<InputImage>(prompts).fill(images[0]!);
  throw new RangeError(`${where}: expected one picture, or one for each of ${prompts} prompts, got ${images.length}`);
}

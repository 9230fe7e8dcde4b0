/** What the autoencoder keeps of an image. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { decodeLatents, encodeImages } from './latents';
import { expectWeights, type Model } from './model';

/**
 * Grey images through encoder and decoder.
 *
 * @param pixels n images one after another, each size × size, 0 to 1
 * @returns      the reconstructions, same form
 */
export function reconstruct(model: Model, pixels: Float32Array, size: number): Float32Array {
  expectWeights(model, 'reconstruct');
  const n = pixels.length / size ** 2;
  if (!Number.isInteger(n)) throw new RangeError(`reconstruct: ${pixels.length} values are no whole number of ${size} × ${size} pictures`);
  return scope(() => {
    const images = tf.tensor4d(pixels.slice(), [n, size, size, 1]); // a copy: tensors may share an array's memory
    return decodeLatents(model, encodeImages(model, images)).dataSync() as Float32Array;
  });
}

/** Layers one after the other, at the memory of one. */

import type * as tf from '@tensorflow/tfjs-core';

/**
 * Runs `x` through the layers in turn and frees each intermediate result as soon as the next one exists. `x` itself is borrowed.
 *
 * @throws RangeError if there is no layer (the result would be the borrowed `x`)
 */
export function sequence<T extends tf.Tensor>(x: T, layers: readonly ((x: T) => T)[]): T {
  if (layers.length === 0) throw new RangeError('sequence: expected at least one layer, got none');
  let h = x;
  for (const layer of layers) {
    const next = layer(h);
    if (h !== x) h.dispose();
    h = next;
  }
  return h;
}

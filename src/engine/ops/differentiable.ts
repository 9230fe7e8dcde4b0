/** Operations with gradients of their own. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../memory';

/**
 * One operation for the tape.
 *
 * @param inputs   what is differentiated; `undefined` entries are left out, in the gradients too
 * @param forward  the value; `keep` holds what the backward pass needs, and only where a gradient is wanted
 * @param backward gradients in the order of `inputs`; temporaries are freed
 */
export function differentiable<T extends tf.Tensor>(
  inputs: readonly (tf.Tensor | undefined)[],
  forward: (keep: (tensors: tf.Tensor[]) => void) => T,
  backward: (dy: T, saved: tf.Tensor[]) => (tf.Tensor | undefined)[],
): T {
  const present = inputs.map((input) => input !== undefined);
  const operation = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => ({
    value: forward(args[args.length - 1] as tf.GradSaveFunc),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] =>
      scope(() => backward(dy as T, saved).filter((_, i) => present[i]) as tf.Tensor[]),
  }));
  return operation(...inputs.filter((input): input is tf.Tensor => input !== undefined)) as T;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A [..., C] tensor as rows, [N, C]. */
export function rows(x: tf.Tensor): tf.Tensor2D {
  const width = x.shape[x.shape.length - 1]!;
  return tf.reshape(x, [x.size / width, width]);
}

import * as tf from '@tensorflow/tfjs-core';
import { expectShape } from '../shapes';
import { differentiable } from './differentiable';
import { sumOverPositions } from './primitives';

/**
 * Adds a vector of its own to every image's pixels, as a timestep's embedding is added inside a residual block.
 *
 * @param x    [B, H, W, C]
 * @param bias [B, C]
 * @returns    [B, H, W, C]; the caller disposes it
 * @throws TypeError where the shapes do not fit
 */
export function addChannelBias(x: tf.Tensor4D, bias: tf.Tensor2D): tf.Tensor4D {
  const { B, H, W, C } = expectShape('addChannelBias: x', x, 'B H W C') as { B: number; H: number; W: number; C: number };
  expectShape('addChannelBias: bias', bias, `${B} ${C}`);
  return differentiable<tf.Tensor4D>(
    [x, bias],
    () => tf.reshape(tf.add(tf.reshape(x, [B, H * W, C]), tf.reshape(bias, [B, 1, C])), x.shape),
    (dy) => [tf.clone(dy), tf.reshape(sumOverPositions(tf.reshape(dy, [B, H * W, C])), [B, C])],
  );
}

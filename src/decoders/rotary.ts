/** Positions as turns of queries and keys (Su et al. 2021, arXiv:2104.09864), the half of a head's channels that turn against the other half, as transformers has them. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';

/** Of each position, [B, L, 1, dims / 2] each. */
export interface Rotation {
  readonly cos: tf.Tensor4D;
  readonly sin: tf.Tensor4D;
}

/**
 * The angles of positions; in a memory scope.
 *
 * @param positions int32 [B, L]
 * @param dims      channels of a head that turn, an even number
 * @param theta     base of the frequencies
 */
export function rotation(positions: tf.Tensor2D, dims: number, theta: number): Rotation {
  const [batch, length] = positions.shape;
  const frequencies = tf.tensor1d(Float32Array.from({ length: dims / 2 }, (_, i) => theta ** (-(2 * i) / dims)));
  const angles = tf.mul(tf.reshape(tf.cast(positions, 'float32'), [batch, length, 1, 1]), frequencies);
  return { cos: tf.cos(angles) as tf.Tensor4D, sin: tf.sin(angles) as tf.Tensor4D };
}

/**
 * The first channels of each head turned, as many as there are angles for, twice; those behind them stay.
 *
 * @param x    [B, L, heads · head]
 * @param head channels of a head
 */
export function rotate(x: tf.Tensor3D, head: number, { cos, sin }: Rotation): tf.Tensor3D {
  return scope(() => {
    const [batch, length, width] = x.shape;
    const half = cos.shape[3];
    const sizes = [half, half, ...(2 * half < head ? [head - 2 * half] : [])];
    const [a, b, ...rest] = tf.split(tf.reshape(x, [batch, length, width / head, head]), sizes, 3) as [tf.Tensor4D, tf.Tensor4D];
    const turned = tf.concat([tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin)), ...rest], 3);
    return tf.reshape(turned, [batch, length, width]);
  });
}

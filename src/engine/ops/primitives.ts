/** Small pieces that the operations share, in the form that is fast on the backend that runs. They have no gradients: use them inside `differentiable`. */

import * as tf from '@tensorflow/tfjs-core';
import { isFused } from '../fused';
import { scope } from '../memory';
import { attribute, isTensorFlow, rawOp } from '../tensorflow';

/** Matrix product of op(a) [M, K] and op(b) [K, N]. On wasm the transposes are made first: the fast kernel takes only plain products. */
export function matmul2d(a: tf.Tensor, b: tf.Tensor, transposeA = false, transposeB = false): tf.Tensor2D {
  if (isTensorFlow()) {
    const attributes = [
      attribute.type('T', 'float32'),
      attribute.bool('transpose_a', transposeA),
      attribute.bool('transpose_b', transposeB),
    ];
    return rawOp('MatMul', attributes, [a, b]) as tf.Tensor2D;
  }
  return scope(() => tf.matMul(transposeA ? tf.transpose(a) : a, transposeB ? tf.transpose(b) : b) as tf.Tensor2D);
}

/** x [..., C] + bias [C]. */
export function biasAdd<T extends tf.Tensor>(x: T, bias: tf.Tensor): T {
  if (!isTensorFlow()) return tf.add(x, bias);
  return rawOp('BiasAdd', [attribute.type('T', 'float32'), attribute.string('data_format', 'NHWC')], [x, bias]) as T;
}

/** Sums of x [..., C] over all but the last dimension, [C]. */
export function sumToChannels(x: tf.Tensor): tf.Tensor1D {
  if (isTensorFlow())
    return rawOp('BiasAddGrad', [attribute.type('T', 'float32'), attribute.string('data_format', 'NHWC')], [x]) as tf.Tensor1D;
  // A product with ones is wasm's fastest sum over rows.
  return scope(() => tf.reshape(tf.matMul(tf.ones([1, x.size / x.shape[x.rank - 1]!]), tf.reshape(x, [-1, x.shape[x.rank - 1]!])), [-1]));
}

/** The gradient of sigmoid(x) times dy, from s = sigmoid(x): dy · s (1 - s), in one pass where TensorFlow runs. */
export function sigmoidGradient(s: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  if (isTensorFlow()) return rawOp('SigmoidGrad', [attribute.type('T', 'float32')], [s, dy]);
  return scope(() => tf.mul(dy, tf.mul(s, tf.sub(1, s))));
}

/** Means of x [B, N, C] over N, [B, 1, C]. On wasm pooling is about twenty times faster than a mean over a middle dimension. */
export function meanOverPositions(x: tf.Tensor3D): tf.Tensor3D {
  if (isTensorFlow()) return tf.mean(x, 1, true);
  const [batch, positions, channels] = x.shape;
  return scope(() => {
    const column: tf.Tensor4D = tf.reshape(x, [batch, positions, 1, channels]);
    return tf.reshape(tf.avgPool(column, [positions, 1], 1, 'valid') as tf.Tensor4D, [batch, 1, channels]);
  });
}

/** Sums of x [B, N, C] over N, [B, 1, C]. */
export function sumOverPositions(x: tf.Tensor3D): tf.Tensor3D {
  if (isTensorFlow()) return tf.sum(x, 1, true);
  return scope(() => tf.mul(meanOverPositions(x), x.shape[1]));
}

/** Σ x² over all values, a scalar; no temporary of x's size is made where TensorFlow runs. */
export function sumOfSquares(x: tf.Tensor): tf.Scalar {
  if (isTensorFlow()) return scope(() => tf.mul(rawOp('L2Loss', [attribute.type('T', 'float32')], [x]), 2) as tf.Scalar);
  return scope(() => tf.sum(tf.square(x)) as tf.Scalar);
}

/** Σ x² of each tensor, [tensors]. */
export function sumsOfSquares(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  if (isFused()) return rawOp('RoentgenSumsOfSquares', [attribute.int('N', tensors.length)], tensors) as tf.Tensor1D;
  return scope(() => tf.stack(tensors.map(sumOfSquares)) as tf.Tensor1D);
}

/** x · scale for a scalar; where that is 0, the result is 0 even where x is infinite or not a number. */
export function scaleOrZero<T extends tf.Tensor>(x: T, scale: tf.Scalar): T {
  if (isTensorFlow()) return rawOp('MulNoNan', [attribute.type('T', 'float32')], [x, scale]) as T;
  return scope(() => tf.where(tf.notEqual(scale, 0), tf.mul(x, scale), tf.zerosLike(x)) as T);
}

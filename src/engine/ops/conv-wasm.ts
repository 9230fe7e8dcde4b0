/**
 * The convolution and its gradients from what tfjs-backend-wasm is fast at: forward convolutions and plain matrix products.
 * Its own input gradient is ten times slower, and it has no filter gradient at all.
 */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../memory';
import type { ConvGeometry } from './conv-tensorflow';

type Shape4 = [number, number, number, number];

/** Pads, or crops where a border is negative. */
function border(x: tf.Tensor4D, [top, bottom, left, right]: readonly number[]): tf.Tensor4D {
  const crop = [top!, bottom!, left!, right!].map((size) => Math.max(0, -size));
  const grow = [top!, bottom!, left!, right!].map((size) => Math.max(0, size));
  const [batch, height, width, channels] = x.shape;
  let y = x;
  if (crop.some((size) => size > 0))
    y = tf.slice(y, [0, crop[0]!, crop[2]!, 0], [batch, height - crop[0]! - crop[1]!, width - crop[2]! - crop[3]!, channels]);
  if (grow.some((size) => size > 0))
    y = tf.pad(y, [
      [0, 0],
      [grow[0]!, grow[1]!],
      [grow[2]!, grow[3]!],
      [0, 0],
    ]);
  return y;
}

/** Puts stride - 1 zeros behind every row and column but the last: [B, (H' - 1) stride + 1, (W' - 1) stride + 1, C]. */
function spread(dy: tf.Tensor4D, stride: number): tf.Tensor4D {
  if (stride === 1) return dy;
  const [batch, height, width, channels] = dy.shape;
  const more = stride - 1;
  // [B, H', 1, W', C] grows to [B, H', stride, W', stride * C], which is the same memory as [B, H' stride, W' stride, C].
  const grown = tf.pad(tf.reshape(dy, [batch, height, 1, width * channels]), [
    [0, 0],
    [0, 0],
    [0, more],
    [0, 0],
  ]);
  const wide = tf.pad(tf.reshape(grown, [batch * height * stride, width, 1, channels]), [
    [0, 0],
    [0, 0],
    [0, more],
    [0, 0],
  ]);
  return border(tf.reshape(wide, [batch, height * stride, width * stride, channels]), [0, -more, 0, -more]);
}

/** x [B, H, W, Cin] with weight [kh, kw, Cin, Cout]. */
export function convolve(x: tf.Tensor4D, weight: tf.Tensor4D, { stride, padding }: ConvGeometry): tf.Tensor4D {
  return scope(() => tf.conv2d(border(x, padding), weight, stride, 'valid'));
}

/** Gradient of the input, of shape `shape`, from dy [B, H', W', Cout]: the gradient, spread by the stride, convolved with the kernel turned round. */
export function inputGradient(shape: Shape4, weight: tf.Tensor4D, dy: tf.Tensor4D, { stride, padding }: ConvGeometry): tf.Tensor4D {
  return scope(() => {
    const [, height, width] = shape;
    const [kh, kw] = weight.shape;
    const [top, , left] = padding;
    const turned = tf.transpose(tf.reverse(weight, [0, 1]), [0, 1, 3, 2]); // [kh, kw, Cout, Cin]
    const wide = spread(dy, stride);
    const [, wideHeight, wideWidth] = wide.shape;
    const before = [kh - 1 - top, kw - 1 - left] as const;
    // Where rows at the end of x did not fit a whole stride they get a zero gradient: the end is padded to x's size.
    const after = [height + kh - 1 - wideHeight - before[0], width + kw - 1 - wideWidth - before[1]] as const;
    return tf.conv2d(border(wide, [before[0], after[0], before[1], after[1]]), turned, 1, 'valid');
  });
}

/**
 * Gradient of the weight, of shape `shape`, from dy [B, H', W', Cout]: itself a convolution, of x with dy as the kernel, in which the batch
 * takes the channels' part and the stride is the dilation.
 */
export function filterGradient(x: tf.Tensor4D, shape: Shape4, dy: tf.Tensor4D, { stride, padding }: ConvGeometry): tf.Tensor4D {
  return scope(() => {
    const [kh, kw, inner, outer] = shape;
    const input = tf.transpose(border(x, padding), [3, 1, 2, 0]); // [Cin, H, W, B]
    const kernel = tf.transpose(dy, [1, 2, 0, 3]); // [H', W', B, Cout]
    const correlation = tf.conv2d(input, kernel, 1, 'valid', 'NHWC', stride); // [Cin, >= kh, >= kw, Cout]: more where x's end fits no whole stride
    return tf.transpose(tf.slice(correlation, [0, 0, 0, 0], [inner, kh, kw, outer]), [1, 2, 0, 3]);
  });
}

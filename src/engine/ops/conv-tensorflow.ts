/**
 * The convolution and its gradients as TensorFlow's own operations, with the padding in them where that is fast:
 * on the CPU gradients with explicit padding miss the library's fast kernels, so there a padded copy is made.
 */

import * as tf from '@tensorflow/tfjs-core';
import { attribute, type OpAttribute, rawOp } from '../tensorflow';

/** Geometry of a convolution, checked. */
export interface ConvGeometry {
  readonly stride: number;
  readonly padding: readonly [number, number, number, number];
}

type Shape4 = [number, number, number, number];

/** Whether TensorFlow's own "SAME" padding is this one: its gradients are up to twice as fast on the CPU as those of explicit padding. */
function isSame(height: number, width: number, weight: readonly number[], { stride, padding }: ConvGeometry): boolean {
  const borders = [height, width].flatMap((size, i) => {
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + weight[i]! - size, 0);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  });
  return borders.every((border, i) => border === padding[i]);
}

function attributes(stride: number, padding: 'SAME' | 'VALID' | readonly number[]): OpAttribute[] {
  const common = [
    attribute.type('T', 'float32'),
    attribute.ints('strides', [1, stride, stride, 1]),
    attribute.ints('dilations', [1, 1, 1, 1]),
    attribute.string('data_format', 'NHWC'),
    attribute.bool('use_cudnn_on_gpu', true),
  ];
  if (typeof padding === 'string') return [...common, attribute.string('padding', padding)];
  return [...common, attribute.string('padding', 'EXPLICIT'), attribute.ints('explicit_paddings', [0, 0, ...padding, 0, 0])];
}

/** How the padding is written for this convolution: by name where it has one. */
function named(shape: readonly number[], weight: readonly number[], geometry: ConvGeometry): 'SAME' | 'VALID' | undefined {
  if (geometry.padding.every((border) => border === 0)) return 'VALID';
  return isSame(shape[1]!, shape[2]!, weight, geometry) ? 'SAME' : undefined;
}

/** x [B, H, W, Cin] with weight [kh, kw, Cin, Cout]. */
export function convolve(x: tf.Tensor4D, weight: tf.Tensor4D, geometry: ConvGeometry): tf.Tensor4D {
  const padding = named(x.shape, weight.shape, geometry) ?? geometry.padding;
  return rawOp('Conv2D', attributes(geometry.stride, padding), [x, weight]) as tf.Tensor4D;
}

/** Gradient of the input, of shape `shape`, from dy [B, H', W', Cout]. */
export function inputGradient(shape: Shape4, weight: tf.Tensor4D, dy: tf.Tensor4D, geometry: ConvGeometry): tf.Tensor4D {
  const padding = named(shape, weight.shape, geometry);
  const gradient = (size: Shape4, name: 'SAME' | 'VALID'): tf.Tensor4D =>
    rawOp('Conv2DBackpropInput', attributes(geometry.stride, name), [tf.tensor1d(size, 'int32'), weight, dy]) as tf.Tensor4D;
  if (padding) return gradient(shape, padding);
  const [top, bottom, left, right] = geometry.padding;
  const padded: Shape4 = [shape[0], shape[1] + top + bottom, shape[2] + left + right, shape[3]];
  return tf.slice(gradient(padded, 'VALID'), [0, top, left, 0], shape);
}

/** Gradient of the weight, of shape `shape`, from dy [B, H', W', Cout]. */
export function filterGradient(x: tf.Tensor4D, shape: Shape4, dy: tf.Tensor4D, geometry: ConvGeometry): tf.Tensor4D {
  const padding = named(x.shape, shape, geometry);
  const [top, bottom, left, right] = geometry.padding;
  const input = padding
    ? x
    : tf.pad(x, [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]);
  const inputs = [input, tf.tensor1d(shape, 'int32'), dy];
  return rawOp('Conv2DBackpropFilter', attributes(geometry.stride, padding ?? 'VALID'), inputs) as tf.Tensor4D;
}

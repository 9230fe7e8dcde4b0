/** Linear layers and 3 x 3 convolutions of step 1 on the layouts that tensors have (kernels/fused/product.cc). */

import type * as tf from '@tensorflow/tfjs-core';
import { isFused } from '../fused';
import { precision } from '../precision';
import { attribute, rawOp, rawOps } from '../tensorflow';
import { differentiable } from './differentiable';

/** Widths that are no multiples of this go to TensorFlow's own products. */
const MULTIPLE = 16;

/** Whether there is a product for weights [in, out] or [kh, kw, in, out]; a convolution must have step 1 and keep the images' size. */
export function fitsProduct(weight: tf.Tensor): boolean {
  const [input, output] = weight.shape.slice(-2) as [number, number];
  const kernel = weight.shape.slice(0, -2);
  return isFused() && input % MULTIPLE === 0 && output % MULTIPLE === 0 && weight.size > 0 && kernel.every((size) => size === 3);
}

/**
 * x · weight + bias, pixel by pixel; with nine weights for the pixels around where `weight` is [3, 3, in, out].
 *
 * @param x      [..., in], images [B, H, W, in] for a convolution
 * @param weight as `fitsProduct` has it
 */
export function product(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const bfloat16 = attribute.bool('bf16', precision() === 'bfloat16');
  return differentiable<tf.Tensor>(
    [x, weight, bias],
    (keep) => {
      keep([x, weight]);
      return rawOp('RoentgenProduct', [attribute.int('N', bias ? 1 : 0), bfloat16], bias ? [x, weight, bias] : [x, weight]);
    },
    (dy, saved) => {
      const [x, weight] = saved as [tf.Tensor, tf.Tensor];
      const dx = rawOp('RoentgenProductInputGradient', [bfloat16], [dy, weight]);
      const taps = attribute.int('taps', weight.rank === 4 ? 9 : 1);
      const [dWeight, dBias] = rawOps('RoentgenProductWeightGradient', [taps, bfloat16], [dy, x], 2);
      return [dx, dWeight, dBias];
    },
  );
}

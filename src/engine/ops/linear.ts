import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../memory';
import { expectShape } from '../shapes';
import { differentiable, rows } from './differentiable';
import { isNarrow, widened } from './narrow';
import { biasAdd, matmul2d, sumToChannels } from './primitives';
import { fitsProduct, product } from './product-fused';

/**
 * A fully connected layer, x · weight + bias.
 *
 * @param x      [..., in]
 * @param weight [in, out], or as `narrowMatrix` keeps it
 * @param bias   [out]
 * @returns      [..., out]; the caller disposes it
 * @throws TypeError where the shapes do not fit
 */
export function linear<T extends tf.Tensor>(x: T, weight: tf.Tensor2D, bias?: tf.Tensor1D): T {
  if (isNarrow(weight)) return scope(() => linear(x, widened(weight), bias));
  const { out } = expectShape('linear: weight', weight, 'in out');
  expectShape('linear: x', x, `... ${weight.shape[0]}`);
  if (bias) expectShape('linear: bias', bias, `${out}`);
  if (fitsProduct(weight)) return product(x, weight, bias) as T;
  const shape = [...x.shape.slice(0, -1), out!];
  return differentiable<tf.Tensor>(
    [x, weight, bias],
    (keep) => {
      keep([x, weight]);
      const product = matmul2d(rows(x), weight);
      return tf.reshape(bias ? biasAdd(product, bias) : product, shape);
    },
    (dy, [x, weight]) => {
      const dy2 = rows(dy);
      return [tf.reshape(matmul2d(dy2, weight!, false, true), x!.shape), matmul2d(rows(x!), dy2, true, false), bias && sumToChannels(dy2)];
    },
  ) as T;
}

import * as tf from '@tensorflow/tfjs-core';
import { isFused } from '../fused';
import { expectShape } from '../shapes';
import { attribute, rawOps } from '../tensorflow';
import { differentiable, rows } from './differentiable';
import { biasAdd, sumToChannels } from './primitives';

/**
 * Layer normalisation over the last dimension (Ba et al. 2016, arXiv:1607.06450).
 *
 * @param x      [..., C]
 * @param weight [C]
 * @param bias   [C]
 * @param eps    added to the variance
 * @returns      the same shape as x; the caller disposes it
 * @throws TypeError where the shapes do not fit
 */
export function layerNorm<T extends tf.Tensor>(x: T, weight: tf.Tensor1D, bias: tf.Tensor1D, eps: number): T {
  expectShape('layerNorm: x', x, '... C');
  const channels = x.shape[x.rank - 1]!;
  expectShape('layerNorm: weight', weight, `${channels}`);
  expectShape('layerNorm: bias', bias, `${channels}`);
  return (isFused() ? fused(x, weight, bias, eps) : composed(x, weight, bias, eps)) as T;
}

function fused(x: tf.Tensor, weight: tf.Tensor1D, bias: tf.Tensor1D, eps: number): tf.Tensor {
  return differentiable<tf.Tensor>(
    [x, weight, bias],
    (keep) => {
      const [y, statistics] = rawOps('RoentgenLayerNorm', [attribute.float('eps', eps)], [x, weight, bias], 2);
      keep([x, weight, statistics!]);
      return y!;
    },
    (dy, saved) => rawOps('RoentgenLayerNormGradient', [], [dy, ...saved], 3),
  );
}

function composed(x: tf.Tensor, weight: tf.Tensor1D, bias: tf.Tensor1D, eps: number): tf.Tensor {
  return differentiable<tf.Tensor>(
    [x, weight, bias],
    (keep) => {
      const x2 = rows(x);
      const centred = tf.sub(x2, tf.mean(x2, 1, true));
      const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), eps)); // [N, 1]
      const normal = tf.mul(centred, rstd);
      keep([normal, rstd, weight]);
      return tf.reshape(biasAdd(tf.mul(normal, weight), bias), x.shape);
    },
    (dy, saved) => {
      const [normal, rstd, weight] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
      const dy2 = rows(dy);
      const dNormal = tf.mul(dy2, weight);
      const along = tf.mul(normal, tf.mean(tf.mul(dNormal, normal), 1, true));
      const dx = tf.mul(tf.sub(tf.sub(dNormal, tf.mean(dNormal, 1, true)), along), rstd);
      return [tf.reshape(dx, dy.shape), sumToChannels(tf.mul(dy2, normal)), sumToChannels(dy2)];
    },
  );
}

/**
 * The operations as plain compositions of tfjs's public functions: the reference of the tests, and what to read to know what an operation does.
 * Their gradients are tfjs's own.
 */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../memory';
import type { AttentionOptions } from './attention';
import type { ConvOptions } from './conv';
import type { GroupNormOptions } from './group-norm';

function conv2d(x: tf.Tensor4D, weight: tf.Tensor4D, bias?: tf.Tensor1D, { stride = 1, padding = 0 }: ConvOptions = {}): tf.Tensor4D {
  return scope(() => {
    const [top, bottom, left, right] = typeof padding === 'number' ? [padding, padding, padding, padding] : padding;
    const padded = tf.pad(x, [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ]);
    const y = tf.conv2d(padded, weight, stride, 'valid');
    return bias ? tf.add(y, bias) : y;
  });
}

function linear<T extends tf.Tensor>(x: T, weight: tf.Tensor2D, bias?: tf.Tensor1D): T {
  return scope(() => {
    const y = tf.matMul(tf.reshape(x, [-1, weight.shape[0]]), weight);
    return tf.reshape(bias ? tf.add(y, bias) : y, [...x.shape.slice(0, -1), weight.shape[1]]) as T;
  });
}

function groupNorm<T extends tf.Tensor>(x: T, weight: tf.Tensor1D, bias: tf.Tensor1D, { groups, eps, silu: behind }: GroupNormOptions): T {
  return scope(() => {
    const channels = weight.size;
    const grouped = tf.reshape(x, [x.shape[0]!, -1, groups, channels / groups]);
    const { mean, variance } = tf.moments(grouped, [1, 3], true);
    const normal = tf.reshape(tf.div(tf.sub(grouped, mean), tf.sqrt(tf.add(variance, eps))), x.shape);
    const y = tf.add(tf.mul(normal, weight), bias) as T;
    return behind ? silu(y) : y;
  });
}

function layerNorm<T extends tf.Tensor>(x: T, weight: tf.Tensor1D, bias: tf.Tensor1D, eps: number): T {
  return scope(() => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, eps))), weight), bias) as T;
  });
}

function silu<T extends tf.Tensor>(x: T): T {
  return scope(() => tf.mul(x, tf.sigmoid(x)));
}

function gelu<T extends tf.Tensor>(x: T): T {
  return scope(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)) as T);
}

function quickGelu<T extends tf.Tensor>(x: T): T {
  return scope(() => tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))) as T);
}

function geluTanh<T extends tf.Tensor>(x: T): T {
  return scope(() => {
    const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1)) as T;
  });
}

function geglu<T extends tf.Tensor>(x: T): T {
  return scope(() => {
    const [value, gate] = tf.split(x, 2, -1) as [T, T];
    return tf.mul(value, gelu(gate));
  });
}

function attention(q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, { heads, scale, mask }: AttentionOptions): tf.Tensor3D {
  return scope(() => {
    const [batch, length, width] = q.shape;
    const split = (x: tf.Tensor3D): tf.Tensor4D => tf.transpose(tf.reshape(x, [batch, -1, heads, width / heads]), [0, 2, 1, 3]);
    const scores = tf.mul(tf.matMul(split(q), tf.transpose(split(k), [0, 1, 3, 2])), scale ?? 1 / Math.sqrt(width / heads));
    const weights = tf.softmax(mask ? tf.add(scores, mask) : scores);
    return tf.reshape(tf.transpose(tf.matMul(weights, split(v)), [0, 2, 1, 3]), [batch, length, width]);
  });
}

function embedding(ids: tf.Tensor, table: tf.Tensor2D): tf.Tensor {
  return tf.gather(table, ids);
}

function upsampleNearest2x(x: tf.Tensor4D): tf.Tensor4D {
  return scope(() => {
    const [batch, height, width, channels] = x.shape;
    const wide = tf.tile(tf.reshape(x, [batch * height * width, 1, channels]), [1, 2, 1]);
    const tall = tf.tile(tf.reshape(wide, [batch * height, 1, 2 * width * channels]), [1, 2, 1]);
    return tf.reshape(tall, [batch, 2 * height, 2 * width, channels]);
  });
}

function addChannelBias(x: tf.Tensor4D, bias: tf.Tensor2D): tf.Tensor4D {
  return scope(() => tf.add(x, tf.reshape(bias, [bias.shape[0], 1, 1, bias.shape[1]])));
}

/** Each operation under its own name. */
export const plain: {
  readonly conv2d: typeof conv2d;
  readonly linear: typeof linear;
  readonly groupNorm: typeof groupNorm;
  readonly layerNorm: typeof layerNorm;
  readonly silu: typeof silu;
  readonly gelu: typeof gelu;
  readonly quickGelu: typeof quickGelu;
  readonly geluTanh: typeof geluTanh;
  readonly geglu: typeof geglu;
  readonly attention: typeof attention;
  readonly embedding: typeof embedding;
  readonly upsampleNearest2x: typeof upsampleNearest2x;
  readonly addChannelBias: typeof addChannelBias;
} = {
  conv2d,
  linear,
  groupNorm,
  layerNorm,
  silu,
  gelu,
  quickGelu,
  geluTanh,
  geglu,
  attention,
  embedding,
  upsampleNearest2x,
  addChannelBias,
};

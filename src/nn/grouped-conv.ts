/** Convolutions in which a group of outputs sees a group of inputs: ResNeXt's (Xie et al. 2017, arXiv:1611.05431), and with a group for each channel depthwise ones. */

import * as tf from '@tensorflow/tfjs-core';
import { type ConvOptions, scope } from '../engine';
import { type ConvParams, convLayer } from './layers';

export interface GroupedConvOptions extends ConvOptions {
  readonly groups: number;
}

/**
 * @param params weight [kh, kw, Cin / groups, Cout]
 * @param x      [B, H, W, Cin]
 * @returns      [B, H', W', Cout]; the caller disposes it
 */
export function groupedConvLayer({ weight, bias }: ConvParams, x: tf.Tensor4D, { groups, ...options }: GroupedConvOptions): tf.Tensor4D {
  if (groups === 1) return convLayer({ weight, bias }, x, options);
  return scope(() => {
    const isDepthwise = weight.shape[2] === 1 && weight.shape[3] === groups;
    const convolved = isDepthwise ? depthwise(weight, x, options) : byGroup(weight, x, groups, options);
    return bias ? (tf.add(convolved, bias) as tf.Tensor4D) : convolved;
  });
}

function depthwise(weight: tf.Tensor4D, x: tf.Tensor4D, { stride = 1, padding = 0 }: ConvOptions): tf.Tensor4D {
  const [kh, kw, , channels] = weight.shape;
  const [top, bottom, left, right] = typeof padding === 'number' ? [padding, padding, padding, padding] : padding;
  const borders: [number, number][] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const padded: tf.Tensor4D = tf.pad(x, borders);
  const filter: tf.Tensor4D = tf.reshape(weight, [kh, kw, channels, 1]);
  return tf.depthwiseConv2d(padded, filter, stride, 'valid');
}

function byGroup(weight: tf.Tensor4D, x: tf.Tensor4D, groups: number, options: ConvOptions): tf.Tensor4D {
  const weights = tf.split(weight, groups, 3) as tf.Tensor4D[];
  const parts = tf.split(x, groups, 3) as tf.Tensor4D[];
  return tf.concat(
    parts.map((part, i) => convLayer({ weight: weights[i]! }, part, options)),
    3,
  );
}

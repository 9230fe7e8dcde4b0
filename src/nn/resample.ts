/** Halving and doubling of feature maps, each with a 3×3 convolution. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { upsampleNearest2x } from '../engine/internal';
import { type ConvParams, convLayer, convSpec } from './layers';
import type { Spec } from './parameters';

export type ResampleParams = { conv: ConvParams };

export function resampleSpec(channels: number): Spec<ResampleParams> {
  return { conv: convSpec(channels, channels, 3) };
}

/**
 * A convolution with stride 2.
 *
 * @param padding 1 in the U-Net; [0, 1, 0, 1] (bottom and right only) in the autoencoder
 */
export function downsample({ conv }: ResampleParams, x: tf.Tensor4D, padding: number | [number, number, number, number]): tf.Tensor4D {
  return convLayer(conv, x, { stride: 2, padding });
}

/**
 * Each pixel repeated 2 × 2 times, then a convolution.
 *
 * @param size [height, width] to crop the doubled map to before the convolution: a skip connection of odd size was halved rounding up.
 *             Nearest-neighbour interpolation from n to 2n - 1 pixels is the doubled map without its last pixel.
 */
export function upsample({ conv }: ResampleParams, x: tf.Tensor4D, size?: readonly [number, number]): tf.Tensor4D {
  return scope(() => {
    let doubled = upsampleNearest2x(x);
    const [batch, height, width, channels] = doubled.shape;
    if (size && (size[0] !== height || size[1] !== width)) {
      doubled = tf.slice(doubled, [0, 0, 0, 0], [batch, size[0], size[1], channels]);
    }
    return convLayer(conv, doubled, { padding: 1 });
  });
}

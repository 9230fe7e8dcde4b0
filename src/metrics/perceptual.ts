/** How different two sets of images look to a network (Zhang et al. 2018, arXiv:1801.03924, eq. 1, with weights of 1). */

import * as tf from '@tensorflow/tfjs-core';
import { scope, type Tree } from '../engine';

/** A frozen network that says what it sees. */
export interface PerceptualNetwork<P extends Tree = Tree> {
  readonly params: P;
  /** Activations of some layers, [B, h, w, C] each; pure. `images` [B, H, W, 1], 0 to 1. */
  features(params: P, images: tf.Tensor4D): readonly tf.Tensor4D[];
}

/** Each place's vector of channels at length 1. */
const unit = (x: tf.Tensor4D): tf.Tensor4D => tf.div(x, tf.add(tf.sqrt(tf.sum(tf.square(x), -1, true)), 1e-10));

/**
 * Of each pair Σ over layers of the mean over places of ‖a/‖a‖ - b/‖b‖‖².
 *
 * @param a [B, H, W, 1], 0 to 1; b the same shape
 * @returns [B]
 */
export function perceptualDistances<P extends Tree>(
  { features }: Pick<PerceptualNetwork<P>, 'features'>,
  params: P,
  a: tf.Tensor4D,
  b: tf.Tensor4D,
): tf.Tensor1D {
  return scope(() => {
    const [x, y] = [features(params, a), features(params, b)];
    return tf.addN(x.map((layer, i) => tf.mean(tf.sum(tf.squaredDifference(unit(layer), unit(y[i]!)), -1), [1, 2]))) as tf.Tensor1D;
  });
}

/** Their mean, as a loss. */
export const perceptualDistance = <P extends Tree>(
  network: Pick<PerceptualNetwork<P>, 'features'>,
  params: P,
  a: tf.Tensor4D,
  b: tf.Tensor4D,
): tf.Scalar => scope(() => tf.mean(perceptualDistances(network, params, a, b)) as tf.Scalar);

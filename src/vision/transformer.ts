/** The layer of vision transformers (Dosovitskiy et al. 2021, arXiv:2010.11929): norms first, residuals after. */

import * as tf from '@tensorflow/tfjs-core';
import { attention, scope } from '../engine';
import { type AdaptedLinearParams, type LinearParams, linearLayer, type NormParams } from '../nn';
import { type ActivationName, activations, layerNormLayer } from '../nn/internal';

/** A layer's parameters, whatever its file calls them. */
export interface VisionLayer {
  readonly before: NormParams;
  readonly query: AdaptedLinearParams;
  readonly key: AdaptedLinearParams;
  readonly value: AdaptedLinearParams;
  readonly out: AdaptedLinearParams;
  readonly after: NormParams;
  readonly up: LinearParams;
  readonly down: LinearParams;
}

export interface VisionLayerOptions {
  readonly heads: number;
  readonly eps: number;
  readonly activation: ActivationName;
}

/** [B, L, C] to the same shape; the caller disposes the result. */
export function visionLayer(layer: VisionLayer, x: tf.Tensor3D, { heads, eps, activation }: VisionLayerOptions): tf.Tensor3D {
  return scope(() => {
    const n = layerNormLayer(layer.before, x, eps);
    const mixed = attention(linearLayer(layer.query, n), linearLayer(layer.key, n), linearLayer(layer.value, n), { heads });
    const h = tf.add(x, linearLayer(layer.out, mixed)) as tf.Tensor3D;
    const hidden = activations[activation](linearLayer(layer.up, layerNormLayer(layer.after, h, eps)));
    return tf.add(h, linearLayer(layer.down, hidden));
  });
}

/** Patches as tokens, row by row: [B, h, w, C] to [B, h · w, C]. */
export function asTokens(patches: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, width, channels] = patches.shape;
  return tf.reshape(patches, [batch, height * width, channels]);
}

/** An attention layer with its projections (Vaswani et al. 2017), in the key names of Stable Diffusion. */

import * as tf from '@tensorflow/tfjs-core';
import { attention, scope } from '../engine';
import { attentionWeights } from '../engine/internal';
import { linearSpec } from './layers';
import { type AdaptedLinearParams, linearLayer } from './lora';
import type { Spec } from './parameters';

export type AttentionParams = {
  to_q: AdaptedLinearParams;
  to_k: AdaptedLinearParams;
  to_v: AdaptedLinearParams;
  to_out: [AdaptedLinearParams];
};

export interface AttentionShape {
  /** Channels of the queries, in and out. */
  readonly channels: number;
  /** Heads times head size. */
  readonly inner: number;
  /** Channels of the keys and values. */
  readonly context: number;
  /** Biases on queries, keys and values: the autoencoder has them, the U-Net has not. */
  readonly qkvBias: boolean;
}

export interface AttentionLayerOptions {
  readonly heads: number;
  /** Added to the scores, broadcastable to [B, heads, Lq, Lk]. */
  readonly mask?: tf.Tensor;
  /** Sees how much each query attends to each key, [B, heads, Lq, Lk]; borrowed, and computed for it alone. */
  readonly onWeights?: (weights: tf.Tensor4D) => void;
}

export function attentionSpec({ channels, inner, context, qkvBias }: AttentionShape): Spec<AttentionParams> {
  const init = { noBias: !qkvBias };
  return {
    to_q: linearSpec(channels, inner, init),
    to_k: linearSpec(context, inner, init),
    to_v: linearSpec(context, inner, init),
    to_out: [linearSpec(inner, channels)],
  };
}

/** What an attention layer takes of a context: its keys and values, [B, Lk, inner] each. */
export type KeysAndValues = { k: tf.Tensor3D; v: tf.Tensor3D };

/**
 * @param context [B, Lk, D]
 * @returns       the caller's
 */
export function keysAndValues(params: AttentionParams, context: tf.Tensor3D): KeysAndValues {
  return { k: linearLayer(params.to_k, context), v: linearLayer(params.to_v, context) };
}

/**
 * @param x       queries come from it, [B, Lq, C]
 * @param context keys and values come from it, [B, Lk, D], `x` itself for self-attention; or they are given
 * @returns       [B, Lq, C], the residual not added
 */
export function attentionLayer(
  params: AttentionParams,
  x: tf.Tensor3D,
  context: tf.Tensor3D | KeysAndValues,
  { heads, mask, onWeights }: AttentionLayerOptions,
): tf.Tensor3D {
  return scope(() => {
    const q = linearLayer(params.to_q, x);
    const { k, v } = 'k' in context ? context : keysAndValues(params, context);
    if (onWeights) scope(() => onWeights(attentionWeights(q, k, { heads, mask })));
    return linearLayer(params.to_out[0], attention(q, k, v, { heads, mask }));
  });
}

/**
 * Each head of keys or values as often as queries share it (Ainslie et al. 2023, arXiv:2305.13245).
 *
 * @param x     [B, L, heads · head]
 * @param head  channels of a head
 * @param times heads of the queries for one of these
 * @returns     [B, L, heads · times · head]; `x` itself where nothing is shared
 */
export function repeatHeads(x: tf.Tensor3D, head: number, times: number): tf.Tensor3D {
  if (times === 1) return x;
  const [batch, length, width] = x.shape;
  return scope(() => {
    const heads = width === head ? [x] : tf.split(x, width / head, 2);
    const repeated = heads.flatMap((one) => Array<tf.Tensor>(times).fill(one));
    return tf.reshape(tf.concat(repeated, 2), [batch, length, width * times]);
  });
}

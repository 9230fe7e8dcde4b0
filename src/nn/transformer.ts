/** Stable Diffusion's spatial transformer (Rombach et al. 2022, arXiv:2112.10752): pixels as tokens that attend to the text. */

import * as tf from '@tensorflow/tfjs-core';
import { linear, scope } from '../engine';
import { geglu } from '../engine/internal';
import {
  type AttentionLayerOptions,
  type AttentionParams,
  attentionLayer,
  attentionSpec,
  type KeysAndValues,
  keysAndValues,
} from './attention';
import {
  type ConvParams,
  convSpec,
  groupNormLayer,
  type LinearParams,
  layerNormLayer,
  linearSpec,
  type NormParams,
  normSpec,
} from './layers';
import { linearLayer } from './lora';
import type { Spec } from './parameters';

/** GEGLU (Shazeer 2020, arXiv:2002.05202), a dropout without parameters, and a linear layer: hence no `net.1`. */
export type FeedForwardParams = { net: [{ proj: LinearParams }, undefined, LinearParams] };

export type TransformerBlockParams = {
  norm1: NormParams;
  attn1: AttentionParams;
  norm2: NormParams;
  attn2: AttentionParams;
  norm3: NormParams;
  ff: FeedForwardParams;
};

export type Transformer2DParams = {
  norm: NormParams;
  /** A 1×1 convolution in Stable Diffusion 1.x, a linear layer in 2.x; the same numbers either way. */
  proj_in: ConvParams | LinearParams;
  transformer_blocks: TransformerBlockParams[];
  proj_out: ConvParams | LinearParams;
};

export interface Transformer2DShape {
  readonly channels: number;
  readonly heads: number;
  /** Channels of the text context. */
  readonly context: number;
  /** Number of transformer blocks. */
  readonly layers: number;
  /** `proj_in` and `proj_out` are linear layers (`use_linear_projection`). */
  readonly linearProjection: boolean;
}

export interface Transformer2DOptions {
  readonly heads: number;
  readonly groups: number;
  /** Added to the cross-attention's scores, [B, 1, 1, L]. */
  readonly contextMask?: tf.Tensor;
  /** Sees how much the pixels attend to the text, [B, heads, H · W, L], in the transformer block of this number. */
  readonly onAttention?: (block: number, weights: tf.Tensor4D) => void;
}

/** Fixed in diffusers' Transformer2DModel, whatever `norm_eps` says. */
const GROUP_NORM_EPS = 1e-6;
const LAYER_NORM_EPS = 1e-5;

function transformerBlockSpec(channels: number, context: number): Spec<TransformerBlockParams> {
  return {
    norm1: normSpec(channels),
    attn1: attentionSpec({ channels, inner: channels, context: channels, qkvBias: false }),
    norm2: normSpec(channels),
    attn2: attentionSpec({ channels, inner: channels, context, qkvBias: false }),
    norm3: normSpec(channels),
    ff: { net: [{ proj: linearSpec(channels, 8 * channels) }, undefined, linearSpec(4 * channels, channels)] },
  };
}

export function transformer2dSpec({ channels, heads, context, layers, linearProjection }: Transformer2DShape): Spec<Transformer2DParams> {
  const inner = heads * Math.floor(channels / heads);
  const project = (from: number, to: number): Spec<ConvParams | LinearParams> =>
    linearProjection ? linearSpec(from, to) : convSpec(from, to, 1);
  return {
    norm: normSpec(channels),
    proj_in: project(channels, inner),
    transformer_blocks: Array.from({ length: layers }, () => transformerBlockSpec(inner, context)),
    proj_out: project(inner, channels),
  };
}

/**
 * Self-attention, cross-attention and feed-forward, each on a LayerNorm and each with a residual.
 *
 * @param x    tokens [B, N, C]
 * @param text keys and values of the text
 */
export function transformerBlock(
  params: TransformerBlockParams,
  x: tf.Tensor3D,
  text: KeysAndValues,
  {
    heads,
    contextMask,
    onWeights,
  }: { readonly heads: number; readonly contextMask?: tf.Tensor } & Pick<AttentionLayerOptions, 'onWeights'>,
): tf.Tensor3D {
  return scope(() => {
    const queries = layerNormLayer(params.norm1, x, LAYER_NORM_EPS);
    let h = tf.add(x, attentionLayer(params.attn1, queries, queries, { heads })) as tf.Tensor3D;
    const pixels = layerNormLayer(params.norm2, h, LAYER_NORM_EPS);
    h = tf.add(h, attentionLayer(params.attn2, pixels, text, { heads, mask: contextMask, onWeights }));
    const [{ proj }, , out] = params.ff.net;
    const hidden = geglu(linearLayer(proj, layerNormLayer(params.norm3, h, LAYER_NORM_EPS))); // [B, N, 4C]
    return tf.add(h, linearLayer(out, hidden));
  });
}

/** A projection of channels, whether its weight is stored as a 1×1 convolution or as a matrix. */
function project({ weight, bias }: ConvParams | LinearParams, x: tf.Tensor3D): tf.Tensor3D {
  const [inputs, outputs] = weight.shape.slice(-2) as [number, number];
  return linear(x, weight.rank === 4 ? tf.reshape(weight as tf.Tensor, [inputs, outputs]) : (weight as tf.Tensor2D), bias);
}

/**
 * What the cross-attentions of a transformer take of the text, one for each of its blocks.
 *
 * @param context [B, L, D]
 * @returns       the caller's
 */
export function contextKeys2d(params: Transformer2DParams, context: tf.Tensor3D): KeysAndValues[] {
  return params.transformer_blocks.map(({ attn2 }) => keysAndValues(attn2, context));
}

/**
 * @param x    [B, H, W, C]
 * @param text of `contextKeys2d`
 * @returns    [B, H, W, C], the residual added
 */
export function transformer2d(
  params: Transformer2DParams,
  x: tf.Tensor4D,
  text: readonly KeysAndValues[],
  { heads, groups, contextMask, onAttention }: Transformer2DOptions,
): tf.Tensor4D {
  return scope(() => {
    const [batch, height, width, channels] = x.shape;
    const flat: tf.Tensor3D = tf.reshape(x, [batch, height * width, channels]); // [B, N, C]
    let h = groupNormLayer(params.norm, flat, { groups, eps: GROUP_NORM_EPS });
    h = project(params.proj_in, h);
    params.transformer_blocks.forEach((block, i) => {
      const onWeights = onAttention && ((weights: tf.Tensor4D): void => onAttention(i, weights));
      h = transformerBlock(block, h, text[i]!, { heads, contextMask, onWeights });
    });
    return tf.reshape(tf.add(flat, project(params.proj_out, h)), [batch, height, width, channels]);
  });
}

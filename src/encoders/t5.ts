/** T5's encoder (Raffel et al. 2020, arXiv:1910.10683): relative positions, RMS norms before each part, no biases, scores not scaled. */

import * as tf from '@tensorflow/tfjs-core';
import { attention, embedding, type Key, linear, scope } from '../engine';
import { expectShape, gelu, geluTanh, silu } from '../engine/internal';
import type { EmbeddingParams, LinearParams, RmsNormParams, Spec } from '../nn';
import { embeddingSpec, initialise, linearSpec, rmsNormLayer, rmsNormSpec, specShapes } from '../nn/internal';
import { paddingScores } from './masks';
import { type CompleteT5Config, completeT5Config, type T5Config } from './t5-config';

export type T5AttentionParams = {
  q: LinearParams;
  k: LinearParams;
  v: LinearParams;
  o: LinearParams;
  /** [buckets, heads]; only in the first block, whose bias all blocks add. */
  relative_attention_bias?: EmbeddingParams;
};

/** `wi` where the layer is not gated; `wi_0` (activated) and `wi_1` (the values) where it is (Shazeer 2020, arXiv:2002.05202). */
export type T5FeedForwardParams = { wi?: LinearParams; wi_0?: LinearParams; wi_1?: LinearParams; wo: LinearParams };

export type T5BlockParams = {
  layer: [
    { SelfAttention: T5AttentionParams; layer_norm: RmsNormParams },
    { DenseReluDense: T5FeedForwardParams; layer_norm: RmsNormParams },
  ];
};

export type T5Params = {
  shared: EmbeddingParams;
  encoder: { block: T5BlockParams[]; final_layer_norm: RmsNormParams };
};

export interface T5Options {
  /** 1 for tokens, 0 for padding, [B, L]; without it all are attended to. */
  readonly mask?: tf.Tensor2D;
}

function blockSpec(c: CompleteT5Config, index: number): Spec<T5BlockParams> {
  const { d_model: width, d_ff: inner, initializer_factor: factor, num_heads: heads } = c;
  const attended = heads * c.d_kv;
  const layer = (from: number, to: number, std: number): Spec<LinearParams> => linearSpec(from, to, { noBias: true, std: std * factor });
  const into = (): Spec<LinearParams> => layer(width, inner, width ** -0.5);
  const gated = c.feed_forward_proj.startsWith('gated-');
  const bias = { relative_attention_bias: embeddingSpec(c.relative_attention_num_buckets, heads, factor * width ** -0.5) };
  return {
    layer: [
      {
        SelfAttention: {
          q: layer(width, attended, (width * c.d_kv) ** -0.5),
          k: layer(width, attended, width ** -0.5),
          v: layer(width, attended, width ** -0.5),
          o: layer(attended, width, attended ** -0.5),
          ...(index === 0 ? bias : {}),
        },
        layer_norm: rmsNormSpec(width),
      },
      {
        DenseReluDense: { ...(gated ? { wi_0: into(), wi_1: into() } : { wi: into() }), wo: layer(inner, width, inner ** -0.5) },
        layer_norm: rmsNormSpec(width),
      },
    ],
  } as Spec<T5BlockParams>;
}

function t5Spec(config: T5Config): Spec<T5Params> {
  const c = completeT5Config(config);
  return {
    shared: embeddingSpec(c.vocab_size, c.d_model, c.initializer_factor),
    encoder: { block: Array.from({ length: c.num_layers }, (_, i) => blockSpec(c, i)), final_layer_norm: rmsNormSpec(c.d_model) },
  };
}

/**
 * Random weights, as transformers' T5 starts.
 *
 * @returns the parameter tree; the caller disposes it
 */
export function initT5(config: T5Config, key: Key): T5Params {
  return initialise<T5Params>(t5Spec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function t5Shapes(config: T5Config): Record<string, number[]> {
  return specShapes(t5Spec(config));
}

/**
 * The bucket of each pair of positions, row after row, [L · L]: half of the buckets for keys behind the query; of each half, one a distance up to
 * its middle, then wider ones in equal steps of the logarithm, up to the greatest distance. In float32, as PyTorch rounds.
 */
export function relativeBuckets(length: number, buckets: number, maxDistance: number): Int32Array {
  const half = buckets / 2;
  const exact = Math.floor(half / 2);
  const range = Math.fround(Math.log(maxDistance / exact));
  const bucketOf = (distance: number): number => {
    if (distance < exact) return distance;
    const fraction = Math.fround(Math.fround(Math.log(Math.fround(distance / exact))) / range);
    return Math.min(half - 1, exact + Math.floor(Math.fround(fraction * (half - exact))));
  };
  const ofDistance = Int32Array.from({ length }, (_, distance) => bucketOf(distance));
  return Int32Array.from({ length: length * length }, (_, n) => {
    const relative = (n % length) - Math.floor(n / length); // key's position less query's
    return ofDistance[Math.abs(relative)]! + (relative > 0 ? half : 0);
  });
}

/** What every block adds to its scores, [1, heads, L, L]. */
function positionBias(c: CompleteT5Config, table: tf.Tensor2D, length: number): tf.Tensor4D {
  return scope(() => {
    const buckets = relativeBuckets(length, c.relative_attention_num_buckets, c.relative_attention_max_distance);
    const bias = embedding(tf.tensor2d(buckets, [length, length], 'int32'), table); // [L, L, heads]
    return tf.reshape(tf.transpose(bias, [2, 0, 1]), [1, c.num_heads, length, length]);
  });
}

const activations: Readonly<Record<string, (x: tf.Tensor3D) => tf.Tensor3D>> = {
  relu: (x) => tf.relu(x),
  gelu,
  gelu_new: geluTanh,
  silu,
  'gated-relu': (x) => tf.relu(x),
  'gated-gelu': geluTanh,
  'gated-gelu_new': geluTanh,
  'gated-silu': silu,
};

function block(c: CompleteT5Config, { layer: [first, second] }: T5BlockParams, x: tf.Tensor3D, bias: tf.Tensor): tf.Tensor3D {
  return scope(() => {
    const { q, k, v, o } = first.SelfAttention;
    const n = rmsNormLayer(first.layer_norm, x, c.layer_norm_epsilon);
    const mixed = attention(linear(n, q.weight), linear(n, k.weight), linear(n, v.weight), { heads: c.num_heads, scale: 1, mask: bias });
    const h = tf.add(x, linear(mixed, o.weight)) as tf.Tensor3D;
    const { wi, wi_0, wi_1, wo } = second.DenseReluDense;
    const m = rmsNormLayer(second.layer_norm, h, c.layer_norm_epsilon);
    const activated = activations[c.feed_forward_proj]!(linear(m, (wi ?? wi_0!).weight)); // [B, L, d_ff]
    return tf.add(h, linear(wi_1 ? tf.mul(activated, linear(m, wi_1.weight)) : activated, wo.weight));
  });
}

/**
 * All hidden states, as transformers numbers them: [0] the embeddings, [i] the output of block i; the last one after the final norm.
 *
 * @param ids int32 [B, L]
 * @returns   num_layers + 1 tensors [B, L, C]; the caller disposes them
 * @throws TypeError where a shape is wrong, RangeError where the config asks for another network
 */
export function t5HiddenStates(config: T5Config, params: T5Params, ids: tf.Tensor2D, { mask }: T5Options = {}): tf.Tensor3D[] {
  const c = completeT5Config(config);
  const { B, L } = expectShape('t5: ids', ids, 'B L') as { B: number; L: number };
  if (mask) expectShape('t5: mask', mask, `${B} ${L}`);
  return scope(() => {
    const { block: blocks, final_layer_norm } = params.encoder;
    const positions = positionBias(c, blocks[0]!.layer[0].SelfAttention.relative_attention_bias!.weight, L);
    const bias = mask ? tf.add(positions, paddingScores(mask)) : positions; // [1 or B, heads, L, L]
    const states = [embedding(ids, params.shared.weight) as tf.Tensor3D];
    for (const one of blocks) states.push(block(c, one, states[states.length - 1]!, bias));
    states.push(rmsNormLayer(final_layer_norm, states.pop()!, c.layer_norm_epsilon));
    return states;
  });
}

/**
 * Encodes texts.
 *
 * @param config the JSON of the model folder
 * @param ids    int32 [B, L], of any length
 * @returns      the last block's states after the final norm, [B, L, C]; the caller disposes them
 * @throws TypeError where a shape is wrong, RangeError where the config asks for another network
 */
export function t5(config: T5Config, params: T5Params, ids: tf.Tensor2D, options?: T5Options): tf.Tensor3D {
  return scope(() => t5HiddenStates(config, params, ids, options).pop()!);
}

/** The network's pass: embeddings of both kinds of tokens, Performer layers, and logits of the next token. */

import * as tf from '@tensorflow/tfjs-core';
import { attention, embedding, scope } from '../../../engine';
import { gelu } from '../../../engine/internal';
import { linearLayer } from '../../../nn';
import {
  causalLinearAttention,
  continueLinearAttention,
  emptyLinearAttention,
  type LinearAttentionState,
  layerNormLayer,
  randomFeatures,
} from '../../../nn/internal';
import type { SequenceTensors } from '../sequence/arrange';
import { imageLength, vocabularyOf } from '../sequence/tokens';
import type { AttentionKind, ViewxgenConfig } from './config';
import { axis, positionTables, type ViewxgenParams } from './params';

/** Of all norms, as published. */
const EPS = 1e-12;
/** What takes a token out of the choice. */
const NEVER = -1e9;

export interface PassOptions {
  /** Factors of the embeddings, [B, L, dim]: 0 for what is dropped. */
  readonly dropped?: tf.Tensor3D;
  /** Random rows in place of the parameters', [depth, features, dim_head]. */
  readonly projections?: tf.Tensor3D;
}

/** Queries, keys and values of a layer, [B, heads, L, dim_head], and its number. */
type Attend = (layer: number, q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D) => tf.Tensor4D;

/** Sines, then cosines, of positions at falling frequencies (Vaswani et al. 2017, section 3.5), [length, dim]. */
function sinusoids(length: number, dim: number): tf.Tensor2D {
  const half = dim / 2;
  const values = new Float32Array(length * dim);
  for (let at = 0; at < length; at++)
    for (let j = 0; j < half; j++) {
      const angle = at * 10_000 ** ((-2 * j) / dim);
      values[at * dim + j] = Math.sin(angle);
      values[at * dim + half + j] = Math.cos(angle);
    }
  return tf.tensor2d(values, [length, dim]);
}

/** What positions add to their tokens, in the order of `firstPosition`: learned rows with sinusoids for texts, with sums of a row's and a column's vector for images. */
function positionTable(config: ViewxgenConfig, params: ViewxgenParams): tf.Tensor2D {
  const { dim, text_length } = config;
  const n = imageLength(config);
  const side = axis(config);
  return scope(() => {
    const text = tf.add(tf.slice(params.txt_att_emb.emb.weight, [0, 0], [text_length, dim]), sinusoids(text_length, dim));
    const rows = tf.transpose(tf.reshape(params.image_pos_emb.weights['0'], [dim, side])); // as the engine lays four axes out
    const columns = tf.reshape(params.image_pos_emb.weights['1'], [side, dim]);
    const axial = tf.reshape(tf.add(tf.expandDims(rows, 1), tf.expandDims(columns, 0)), [side * side, dim]);
    const ofImage = tf.slice(axial, [0, 0], [n, dim]);
    const images = positionTables(params).map((table) => tf.add(tf.slice(table, [0, 0], [n, dim]), ofImage));
    return tf.concat([text, ...images]) as tf.Tensor2D;
  });
}

function embed(config: ViewxgenConfig, params: ViewxgenParams, { ids, positions }: SequenceTensors): tf.Tensor3D {
  return scope(() => {
    const tokens = tf.concat([params.token_emb.weight, params.image_token_emb.weight]) as tf.Tensor2D;
    return tf.add(embedding(ids, tokens), embedding(positions, positionTable(config, params))) as tf.Tensor3D;
  });
}

/** All layers and the last norm, [B, L, dim]; in a scope of the caller, which keeps what `attend` makes besides. */
function layers(config: ViewxgenConfig, params: ViewxgenParams, x: tf.Tensor3D, attend: Attend): tf.Tensor3D {
  const { heads, dim_head } = config;
  const [B, L] = x.shape;
  const apart = (y: tf.Tensor3D): tf.Tensor4D => tf.transpose(tf.reshape(y, [B, L, heads, dim_head]), [0, 2, 1, 3]) as tf.Tensor4D;
  let now = x;
  params.transformer.net.layers.forEach(({ '0': { norm, fn }, '1': forward }, i) => {
    const before = layerNormLayer(norm, now, EPS);
    const [q, k, v] = [fn.to_q, fn.to_k, fn.to_v].map((layer) => apart(linearLayer(layer, before))) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const mixed = tf.reshape(tf.transpose(attend(i, q, k, v), [0, 2, 1, 3]), [B, L, heads * dim_head]) as tf.Tensor3D;
    now = tf.add(now, linearLayer(fn.to_output, mixed));
    const inner = gelu(linearLayer(forward.fn.w1, layerNormLayer(forward.norm, now, EPS)));
    now = tf.add(now, linearLayer(forward.fn.w2, inner));
  });
  return layerNormLayer(params.norm, now, EPS);
}

function projectionOf(params: ViewxgenParams, layer: number, projections: tf.Tensor3D | undefined): tf.Tensor2D {
  if (!projections) return params.transformer.net.layers[layer]!['0'].fn.fast_attention!.projection_matrix;
  const [, m, d] = projections.shape;
  return tf.reshape(tf.slice(projections, [layer, 0, 0], [1, m, d]), [m, d]);
}

/** Features of queries and keys. */
const featured = (
  kind: Exclude<AttentionKind, 'exact'>,
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  projection: tf.Tensor2D,
): [tf.Tensor4D, tf.Tensor4D] => [randomFeatures(kind, q, projection, 'query'), randomFeatures(kind, k, projection, 'key')];

/** Softmax attention to each position and those before. */
function exactly(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D): tf.Tensor4D {
  const [B, heads, L, d] = q.shape;
  const together = (x: tf.Tensor4D): tf.Tensor3D => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [B, L, heads * d]);
  const mask = tf.tensor4d(
    Float32Array.from({ length: L * L }, (_, i) => (i % L <= Math.floor(i / L) ? 0 : NEVER)),
    [1, 1, L, L],
  );
  const out = attention(together(q), together(k), together(v), { heads, mask });
  return tf.transpose(tf.reshape(out, [B, L, heads, d]), [0, 2, 1, 3]) as tf.Tensor4D;
}

/**
 * Whole sequences.
 *
 * @returns what the layers make of each position, [B, L, dim]; the caller disposes it
 */
export function sequenceStates(
  config: ViewxgenConfig,
  params: ViewxgenParams,
  tokens: SequenceTensors,
  { dropped, projections }: PassOptions = {},
): tf.Tensor3D {
  const { attention: kind } = config;
  return scope(() => {
    const x = embed(config, params, tokens);
    return layers(config, params, dropped ? tf.mul(x, dropped) : x, (layer, q, k, v) => {
      if (kind === 'exact') return exactly(q, k, v);
      const [query, key] = featured(kind, q, k, projectionOf(params, layer, projections));
      return causalLinearAttention(query, key, v);
    });
  });
}

/**
 * Logits of the next token, texts' and images' side by side, of which a position has those of its own kind alone.
 *
 * @param states    [B, n, dim]
 * @param positions int32 [B, n]
 * @returns         [B, n, text_vocabulary + tokens of images]; the caller disposes it
 */
export function nextTokenLogits(config: ViewxgenConfig, params: ViewxgenParams, states: tf.Tensor3D, positions: tf.Tensor2D): tf.Tensor3D {
  const { text_vocabulary: T, text_length } = config;
  const V = vocabularyOf(config);
  return scope(() => {
    const isText = tf.expandDims(tf.cast(tf.less(positions, tf.scalar(text_length, 'int32')), 'float32'), 2);
    const row = (isOut: (i: number) => boolean): tf.Tensor3D =>
      tf.tensor3d(
        Float32Array.from({ length: V }, (_, i) => (isOut(i) ? NEVER : 0)),
        [1, 1, V],
      );
    const out = tf.add(
      tf.mul(
        isText,
        row((i) => i >= T),
      ),
      tf.mul(
        tf.sub(1, isText),
        row((i) => i < T),
      ),
    );
    return tf.add(linearLayer(params.to_out_combined_txt_img, states), out) as tf.Tensor3D;
  });
}

/** What decoding keeps of all positions so far, of each layer: its size does not grow with their number. */
export type SequenceState = { layers: LinearAttentionState[] };

/** Before the first position; the caller disposes it. */
export function emptyState({ depth, heads, features, dim_head }: ViewxgenConfig, B: number): SequenceState {
  return { layers: Array.from({ length: depth }, () => emptyLinearAttention(B, heads, features, dim_head)) };
}

/**
 * Further positions after those of a state, as the whole pass would have them.
 *
 * @param state  borrowed
 * @param tokens of n positions
 * @returns      [B, n, dim] and the state after them; the caller disposes both
 * @throws RangeError where attention is exact, which keeps no such state
 */
export function continueSequence(
  config: ViewxgenConfig,
  params: ViewxgenParams,
  state: SequenceState,
  tokens: SequenceTensors,
): { states: tf.Tensor3D; state: SequenceState } {
  const { attention: kind } = config;
  if (kind === 'exact')
    throw new RangeError('viewxgen: exact attention has no state of constant size to go on from; generate with relu or positive features');
  return scope(() => {
    const after: LinearAttentionState[] = [];
    const states = layers(config, params, embed(config, params, tokens), (layer, q, k, v) => {
      const [query, key] = featured(kind, q, k, projectionOf(params, layer, undefined));
      const { out, state: next } = continueLinearAttention(state.layers[layer]!, query, key, v);
      after.push(next);
      return out;
    });
    return { states, state: { layers: after } };
  });
}

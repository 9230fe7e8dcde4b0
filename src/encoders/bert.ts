/**
 * BERT's encoder (Devlin et al. 2019, arXiv:1810.04805), and RoBERTa's and XLM-RoBERTa's, which differ in where positions begin
 * (Liu et al. 2019, arXiv:1907.11692; Conneau et al. 2020, arXiv:1911.02116).
 */

import * as tf from '@tensorflow/tfjs-core';
import { attention, embedding, type Key, scope } from '../engine';
import { expectShape, gelu, geluTanh, silu } from '../engine/internal';
import { type EmbeddingParams, type LinearParams, linearLayer, type NormParams, type Spec } from '../nn';
import { embeddingSpec, initialise, layerNormLayer, linearSpec, normSpec, specShapes } from '../nn/internal';
import { type BertActivation, type BertConfig, bertWindow, type CompleteBertConfig, completeBertConfig } from './bert-config';
import { paddingScores } from './masks';

export type BertLayerParams = {
  attention: {
    self: { query: LinearParams; key: LinearParams; value: LinearParams };
    output: { dense: LinearParams; LayerNorm: NormParams };
  };
  intermediate: { dense: LinearParams };
  output: { dense: LinearParams; LayerNorm: NormParams };
};

export type BertParams = {
  embeddings: {
    word_embeddings: EmbeddingParams;
    position_embeddings: EmbeddingParams;
    token_type_embeddings: EmbeddingParams;
    LayerNorm: NormParams;
  };
  encoder: { layer: BertLayerParams[] };
  /** Absent in many published files; nothing but `poolerOutput` needs it. */
  pooler?: { dense: LinearParams };
};

/** Results of the encoder; the caller disposes them all. */
export type BertOutput = {
  /** [B, L, C]; rows of padding too, which attend to the tokens. */
  lastHiddenState: tf.Tensor3D;
  /** tanh of the pooler's layer on the first token's state, [B, C]; where there is a pooler. */
  poolerOutput?: tf.Tensor2D;
};

export interface BertOptions {
  /** 1 for tokens, 0 for padding, [B, L]; without it all are attended to. */
  readonly mask?: tf.Tensor2D;
  /** int32 [B, L], the second text of a pair being 1; by default all 0. */
  readonly tokenTypes?: tf.Tensor2D;
}

function layerSpec({ hidden_size: width, intermediate_size: inner, initializer_range: std }: CompleteBertConfig): Spec<BertLayerParams> {
  const dense = (from: number, to: number): Spec<LinearParams> => linearSpec(from, to, { std });
  return {
    attention: {
      self: { query: dense(width, width), key: dense(width, width), value: dense(width, width) },
      output: { dense: dense(width, width), LayerNorm: normSpec(width) },
    },
    intermediate: { dense: dense(width, inner) },
    output: { dense: dense(inner, width), LayerNorm: normSpec(width) },
  };
}

function bertSpec(config: BertConfig, { pooler }: BertShapeOptions = {}): Spec<BertParams> {
  const c = completeBertConfig(config);
  const { hidden_size: width, initializer_range: std } = c;
  return {
    embeddings: {
      word_embeddings: embeddingSpec(c.vocab_size, width, std),
      position_embeddings: embeddingSpec(c.max_position_embeddings, width, std),
      token_type_embeddings: embeddingSpec(c.type_vocab_size, width, std),
      LayerNorm: normSpec(width),
    },
    encoder: { layer: Array.from({ length: c.num_hidden_layers }, () => layerSpec(c)) },
    ...(pooler ? { pooler: { dense: linearSpec(width, width, { std }) } } : {}),
  };
}

export interface BertShapeOptions {
  /** With the layer behind the first token's state. Default false. */
  readonly pooler?: boolean;
}

/**
 * Random weights, as transformers' BERT starts, without a pooler.
 *
 * @returns the parameter tree; the caller disposes it
 */
export function initBert(config: BertConfig, key: Key): BertParams {
  return initialise<BertParams>(bertSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function bertShapes(config: BertConfig, options?: BertShapeOptions): Record<string, number[]> {
  return specShapes(bertSpec(config, options));
}

const activations: Readonly<Record<BertActivation, (x: tf.Tensor3D) => tf.Tensor3D>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu: (x) => tf.relu(x),
  silu,
};

function bertLayer(c: CompleteBertConfig, params: BertLayerParams, x: tf.Tensor3D, mask: tf.Tensor | undefined): tf.Tensor3D {
  return scope(() => {
    const { self, output } = params.attention;
    const [q, k, v] = [linearLayer(self.query, x), linearLayer(self.key, x), linearLayer(self.value, x)];
    const mixed = attention(q, k, v, { heads: c.num_attention_heads, mask });
    const attended = tf.add(linearLayer(output.dense, mixed), x) as tf.Tensor3D;
    const h = layerNormLayer(output.LayerNorm, attended, c.layer_norm_eps);
    const hidden = activations[c.hidden_act](linearLayer(params.intermediate.dense, h)); // [B, L, inner]
    const out = tf.add(linearLayer(params.output.dense, hidden), h) as tf.Tensor3D;
    return layerNormLayer(params.output.LayerNorm, out, c.layer_norm_eps);
  });
}

/** Rows of the table of positions, int32 [1 or B, L]: 0, 1, 2 …; in the RoBERTa family tokens count from padding id + 1, and padding is at its id. */
function positionsOf(c: CompleteBertConfig, ids: tf.Tensor2D): tf.Tensor2D {
  if (c.model_type === 'bert') return tf.reshape(tf.range(0, ids.shape[1], 1, 'int32'), [1, ids.shape[1]]);
  return scope(() => {
    const isToken = tf.cast(tf.notEqual(ids, tf.scalar(c.pad_token_id!, 'int32')), 'float32') as tf.Tensor2D;
    const counted = tf.mul(tf.cumsum(isToken, 1), isToken); // exact in float32
    return tf.cast(tf.add(counted, c.pad_token_id!), 'int32') as tf.Tensor2D;
  });
}

function hiddenStates(c: CompleteBertConfig, params: BertParams, ids: tf.Tensor2D, { mask, tokenTypes }: BertOptions): tf.Tensor3D[] {
  const { B, L } = expectShape('bert: ids', ids, 'B L') as { B: number; L: number };
  if (L > bertWindow(c)) throw new TypeError(`bert: ids: expected at most ${bertWindow(c)} tokens, got ${L}`);
  if (mask) expectShape('bert: mask', mask, `${B} ${L}`);
  if (tokenTypes) expectShape('bert: tokenTypes', tokenTypes, `${B} ${L}`);
  return scope(() => {
    const { word_embeddings, position_embeddings, token_type_embeddings, LayerNorm } = params.embeddings;
    const padding = c.pad_token_id ?? undefined;
    const words = embedding(ids, word_embeddings.weight, padding);
    const positions = embedding(positionsOf(c, ids), position_embeddings.weight, c.model_type === 'bert' ? undefined : padding);
    const types = embedding(tokenTypes ?? tf.zeros([1, L], 'int32'), token_type_embeddings.weight);
    const sum = tf.add(tf.add(words, types), positions) as tf.Tensor3D;
    const scores = mask && paddingScores(mask);
    const states = [layerNormLayer(LayerNorm, sum, c.layer_norm_eps)];
    for (const layer of params.encoder.layer) states.push(bertLayer(c, layer, states[states.length - 1]!, scores));
    return states;
  });
}

/**
 * Encodes texts.
 *
 * @param config the JSON of the model folder
 * @param ids    int32 [B, L], L at most `max_position_embeddings` (in the RoBERTa family that less the padding token's id, less 1)
 * @throws TypeError where a shape is wrong, RangeError where the config asks for another network
 */
export function bert(config: BertConfig, params: BertParams, ids: tf.Tensor2D, options: BertOptions = {}): BertOutput {
  const c = completeBertConfig(config);
  return scope(() => {
    const lastHiddenState = hiddenStates(c, params, ids, options).pop()!;
    if (!params.pooler) return { lastHiddenState };
    const first = tf.reshape(tf.slice(lastHiddenState, [0, 0, 0], [-1, 1, -1]), [-1, c.hidden_size]) as tf.Tensor2D;
    return { lastHiddenState, poolerOutput: tf.tanh(linearLayer(params.pooler.dense, first)) };
  });
}

/**
 * All hidden states, as transformers numbers them: [0] the embeddings after their norm, [i] the output of layer i.
 *
 * @returns num_hidden_layers + 1 tensors [B, L, C]; the caller disposes them
 */
export function bertHiddenStates(config: BertConfig, params: BertParams, ids: tf.Tensor2D, options: BertOptions = {}): tf.Tensor3D[] {
  return hiddenStates(completeBertConfig(config), params, ids, options);
}

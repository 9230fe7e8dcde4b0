/** CLIP's text encoder (Radford et al. 2021, arXiv:2103.00020): token ids to the context of the U-Net. */

import * as tf from '@tensorflow/tfjs-core';
import { embedding, type Key, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { type EmbeddingParams, type LinearParams, linearLayer, type NormParams, type Spec } from '../nn';
import { embeddingSpec, initialise, layerNormLayer, linearSpec, normSpec, specShapes } from '../nn/internal';
import { type ClipTextConfig, type CompleteClipTextConfig, completeClipTextConfig } from './clip-config';
import { type ClipLayerParams, clipLayer, clipLayerSpecs } from './clip-layers';
import type { TextEncoderInit } from './family';
import { MASKED_SCORE } from './masks';

export type ClipTextParams = {
  text_model: {
    embeddings: { token_embedding: EmbeddingParams; position_embedding: EmbeddingParams };
    encoder: { layers: ClipLayerParams[] };
    final_layer_norm: NormParams;
  };
  /** Of CLIPTextModelWithProjection. */
  text_projection?: LinearParams;
};

/** Results of the encoder; the caller disposes them all. */
export type ClipTextOutput = {
  /** The last layer's states after the final norm, [B, L, C]. */
  lastHiddenState: tf.Tensor3D;
  /** The state of the end-of-text token, [B, C]. */
  pooled: tf.Tensor2D;
  /** `pooled` through the projection, [B, projection_dim]; where there is one. */
  textEmbeds?: tf.Tensor2D;
};

export interface ClipTextOptions {
  /** 1 for tokens, 0 for padding, [B, L]. Stable Diffusion gives none: its padding is attended to. */
  readonly mask?: tf.Tensor2D;
}

export interface ClipContextOptions extends ClipTextOptions {
  /** How many of the last layers to leave out: 1 for the penultimate layer's states. Default 0. */
  readonly skip?: number;
  /** Whether the final norm is applied: Stable Diffusion's "clip skip" does, its XL version does not. Default true. */
  readonly finalNorm?: boolean;
}

const CLIP_EMBEDDING_STD = 0.02;
/** The value by which transformers tells files with the old error of `eos_token_id`. */
const LEGACY_EOS = 2;

/** The description of the text tower, without projection. */
export function clipTextTowerSpec(
  config: CompleteClipTextConfig,
  { tokenStd = CLIP_EMBEDDING_STD }: TextEncoderInit = {},
): Spec<ClipTextParams['text_model']> {
  const { vocab_size, max_position_embeddings, hidden_size, initializer_factor: factor } = config;
  return {
    embeddings: {
      token_embedding: embeddingSpec(vocab_size, hidden_size, tokenStd * factor),
      position_embedding: embeddingSpec(max_position_embeddings, hidden_size, CLIP_EMBEDDING_STD * factor),
    },
    encoder: { layers: clipLayerSpecs(config) },
    final_layer_norm: normSpec(hidden_size),
  };
}

function clipTextSpec(config: ClipTextConfig, init?: TextEncoderInit): Spec<ClipTextParams> {
  const c = completeClipTextConfig(config);
  const projected = config.architectures?.includes('CLIPTextModelWithProjection');
  const projection = linearSpec(c.hidden_size, c.projection_dim, { noBias: true, std: c.hidden_size ** -0.5 * c.initializer_factor });
  return { text_model: clipTextTowerSpec(c, init), ...(projected ? { text_projection: projection } : {}) };
}

/**
 * Random weights, as transformers' CLIP starts, with a projection where `architectures` names CLIPTextModelWithProjection.
 *
 * @returns the parameter tree; the caller disposes it
 */
export function initClipText(config: ClipTextConfig, key: Key, init?: TextEncoderInit): ClipTextParams {
  return initialise<ClipTextParams>(clipTextSpec(config, init), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function clipTextShapes(config: ClipTextConfig): Record<string, number[]> {
  return specShapes(clipTextSpec(config));
}

function checkInputs(c: CompleteClipTextConfig, ids: tf.Tensor, mask: tf.Tensor | undefined): void {
  const { B, L } = expectShape('clip text: ids', ids, 'B L') as { B: number; L: number };
  if (L > c.max_position_embeddings) throw new TypeError(`clip text: ids: expected at most ${c.max_position_embeddings} tokens, got ${L}`);
  if (mask) expectShape('clip text: mask', mask, `${B} ${L}`);
}

/** 0 where position i may attend to position j, else the most negative number: j <= i, and j is not padding. [1 or B, 1, L, L] */
function causalMask(length: number, mask?: tf.Tensor2D): tf.Tensor {
  return scope(() => {
    const hidden = Float32Array.from({ length: length * length }, (_, n) => (n % length > Math.floor(n / length) ? 1 : 0));
    let forbidden: tf.Tensor = tf.tensor4d(hidden, [1, 1, length, length]);
    if (mask) forbidden = tf.maximum(forbidden, tf.sub(1, tf.reshape(tf.cast(mask, 'float32'), [mask.shape[0], 1, 1, length])));
    return tf.mul(forbidden, MASKED_SCORE);
  });
}

/** Hidden states: the embeddings, then the output of each of the first `depth` layers; [B, L, C] each. */
function hiddenStates(
  c: CompleteClipTextConfig,
  params: ClipTextParams,
  ids: tf.Tensor2D,
  mask: tf.Tensor2D | undefined,
  depth: number,
): tf.Tensor3D[] {
  return scope(() => {
    const { embeddings, encoder } = params.text_model;
    const length = ids.shape[1];
    const positions = tf.slice(embeddings.position_embedding.weight, [0, 0], [length, c.hidden_size]);
    const scores = causalMask(length, mask);
    const states = [tf.add(embedding(ids, embeddings.token_embedding.weight), positions) as tf.Tensor3D];
    for (const layer of encoder.layers.slice(0, depth)) states.push(clipLayer(c, layer, states[states.length - 1]!, scores));
    return states;
  });
}

/** The states at the end of each text, [B, C]. */
function pool(c: CompleteClipTextConfig, states: tf.Tensor3D, ids: tf.Tensor2D): tf.Tensor2D {
  const [batch, length, channels] = states.shape;
  const score = c.eos_token_id === LEGACY_EOS ? ids : tf.cast(tf.equal(ids, c.eos_token_id), 'int32');
  const end = tf.argMax(score, 1); // the first of the largest
  const rows = tf.add(end, tf.range(0, batch * length, length, 'int32')) as tf.Tensor1D;
  return embedding(tf.cast(rows, 'int32'), tf.reshape(states, [batch * length, channels])) as tf.Tensor2D;
}

/**
 * Encodes texts.
 *
 * @param config the JSON of the model folder
 * @param ids    int32 [B, L], L at most max_position_embeddings
 * @throws TypeError where a shape is wrong, RangeError where the config asks for another network
 */
export function clipText(config: ClipTextConfig, params: ClipTextParams, ids: tf.Tensor2D, { mask }: ClipTextOptions = {}): ClipTextOutput {
  const c = completeClipTextConfig(config);
  checkInputs(c, ids, mask);
  return scope(() => {
    const states = hiddenStates(c, params, ids, mask, c.num_hidden_layers);
    const lastHiddenState = layerNormLayer(params.text_model.final_layer_norm, states[states.length - 1]!, c.layer_norm_eps);
    const pooled = pool(c, lastHiddenState, ids);
    if (!params.text_projection) return { lastHiddenState, pooled };
    return { lastHiddenState, pooled, textEmbeds: linearLayer(params.text_projection, pooled) };
  });
}

/**
 * The states that the U-Net attends to. Layers that `skip` leaves out are not computed.
 *
 * @param ids int32 [B, L]
 * @returns   [B, L, C]; the caller disposes it
 * @throws RangeError where `skip` leaves no states
 */
export function clipContext(
  config: ClipTextConfig,
  params: ClipTextParams,
  ids: tf.Tensor2D,
  { mask, skip = 0, finalNorm = true }: ClipContextOptions = {},
): tf.Tensor3D {
  const c = completeClipTextConfig(config);
  checkInputs(c, ids, mask);
  if (!Number.isInteger(skip) || skip < 0 || skip > c.num_hidden_layers) {
    throw new RangeError(`clipContext: skip: expected an integer from 0 to ${c.num_hidden_layers}, the number of layers, got ${skip}`);
  }
  return scope(() => {
    const last = hiddenStates(c, params, ids, mask, c.num_hidden_layers - skip).pop()!;
    return finalNorm ? layerNormLayer(params.text_model.final_layer_norm, last, c.layer_norm_eps) : last;
  });
}

/**
 * All hidden states, as transformers numbers them: [0] the embeddings, [i] the output of layer i, before the final norm.
 *
 * @returns num_hidden_layers + 1 tensors [B, L, C]; the caller disposes them
 */
export function clipHiddenStates(
  config: ClipTextConfig,
  params: ClipTextParams,
  ids: tf.Tensor2D,
  { mask }: ClipTextOptions = {},
): tf.Tensor3D[] {
  const c = completeClipTextConfig(config);
  checkInputs(c, ids, mask);
  return hiddenStates(c, params, ids, mask, c.num_hidden_layers);
}

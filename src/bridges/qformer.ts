/**
 * BLIP-2's Q-Former (Li et al. 2023, arXiv:2301.12597): learned queries that look at an image's states, and may read a text beside, as transformers'
 * Blip2QFormerModel has it. What CheXagent puts between image and language model.
 */

import * as tf from '@tensorflow/tfjs-core';
import { paddingScores } from '../encoders/internal';
import { attention, embedding, type Key, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { completeSettings, type Defaults, is, optional } from '../files/internal';
import { type EmbeddingParams, type LinearParams, linearLayer, type NormParams, type Spec } from '../nn';
import {
  type ActivationName,
  activationNames,
  activations,
  embeddingSpec,
  initialise,
  layerNormLayer,
  linearSpec,
  MOST_LAYERS,
  normSpec,
  specShapes,
} from '../nn/internal';
import { BRIDGE_NOTES } from './notes';

/** Blip2QFormerConfig. */
export interface QFormerConfig {
  model_type?: 'blip_2_qformer';
  vocab_size?: number;
  hidden_size?: number;
  num_hidden_layers?: number;
  num_attention_heads?: number;
  intermediate_size?: number;
  hidden_act?: ActivationName;
  layer_norm_eps?: number;
  max_position_embeddings?: number;
  /** Every how many layers, from the first on, queries look at the image. */
  cross_attention_frequency?: number;
  /** Channels of the image's states. */
  encoder_hidden_size?: number;
  /** Whether a text may stand beside the queries. */
  use_qformer_text_input?: boolean;
  initializer_range?: number;
}

type Complete = Required<Omit<QFormerConfig, 'model_type'>>;

type AttentionPart = {
  attention: { query: LinearParams; key: LinearParams; value: LinearParams };
  output: { dense: LinearParams; LayerNorm: NormParams };
};

export type QFormerLayerParams = {
  attention: AttentionPart;
  crossattention?: AttentionPart;
  /** Of the queries. */
  intermediate_query: { dense: LinearParams };
  output_query: { dense: LinearParams; LayerNorm: NormParams };
  /** Of a text's tokens. */
  intermediate?: { dense: LinearParams };
  output?: { dense: LinearParams; LayerNorm: NormParams };
};

export type QFormerParams = {
  layernorm: NormParams;
  encoder: { layer: QFormerLayerParams[] };
  /** Of the text; files hold it apart. */
  embeddings?: { word_embeddings: EmbeddingParams; position_embeddings: EmbeddingParams };
};

export interface QFormerText {
  /** int32 [B, L]. */
  readonly ids: tf.Tensor2D;
  /** 1 for tokens, 0 for padding, [B, L]. */
  readonly mask: tf.Tensor2D;
}

/** Results; the caller disposes them all. */
export type QFormerOutput = {
  /** [B, queries, C]. */
  queries: tf.Tensor3D;
  /** [B, L, C], where there is a text. */
  text?: tf.Tensor3D;
  /** [0] queries and text after their norm, [i] the output of layer i, [B, queries + L, C] each. */
  hiddenStates: tf.Tensor3D[];
};

const size = is.whole(1);

const SETTINGS: Defaults<Complete> = {
  vocab_size: optional(size, 30522),
  hidden_size: optional(size, 768),
  num_hidden_layers: optional(is.whole(1, MOST_LAYERS), 12),
  num_attention_heads: optional(size, 12),
  intermediate_size: optional(size, 3072),
  hidden_act: optional<ActivationName>(is.oneOf(...activationNames), 'gelu'),
  layer_norm_eps: optional(is.number(0), 1e-12),
  max_position_embeddings: optional(size, 512),
  cross_attention_frequency: optional(size, 2),
  encoder_hidden_size: optional(size, 1408),
  use_qformer_text_input: optional(is.flag, false),
  initializer_range: optional(is.number(0), 0.02),
};

/** @throws RangeError naming the key and its value where the config asks for another network */
function complete(config: QFormerConfig): Complete {
  const published = { ...BRIDGE_NOTES, model_type: is.oneOf('blip_2_qformer'), pad_token_id: is.whole(0) };
  const c = completeSettings('qformer', config, SETTINGS, published);
  if (c.hidden_size % c.num_attention_heads !== 0)
    throw new RangeError(`qformer: hidden_size is ${c.hidden_size}, not a multiple of num_attention_heads, ${c.num_attention_heads}`);
  return c;
}

function qformerSpec(c: Complete, withEmbeddings: boolean): Spec<QFormerParams> {
  const { hidden_size: width, intermediate_size: inner, initializer_range: std } = c;
  const dense = (from: number, to: number): Spec<LinearParams> => linearSpec(from, to, { std });
  const attentionTo = (channels: number): Spec<AttentionPart> => ({
    attention: { query: dense(width, width), key: dense(channels, width), value: dense(channels, width) },
    output: { dense: dense(width, width), LayerNorm: normSpec(width) },
  });
  const [up, down] = [{ dense: dense(width, inner) }, { dense: dense(inner, width), LayerNorm: normSpec(width) }];
  const layers = Array.from({ length: c.num_hidden_layers }, (_, i) => ({
    attention: attentionTo(width),
    ...(i % c.cross_attention_frequency === 0 ? { crossattention: attentionTo(c.encoder_hidden_size) } : {}),
    intermediate_query: up,
    output_query: down,
    ...(c.use_qformer_text_input ? { intermediate: up, output: down } : {}),
  }));
  return {
    layernorm: normSpec(width),
    encoder: { layer: layers as Spec<QFormerLayerParams>[] },
    ...(withEmbeddings
      ? {
          embeddings: {
            word_embeddings: embeddingSpec(c.vocab_size, width, std),
            position_embeddings: embeddingSpec(c.max_position_embeddings, width, std),
          },
        }
      : {}),
  };
}

/** Random weights, with a table of words where the config has a text; the caller disposes the tree. */
export function initQFormer(config: QFormerConfig, key: Key): QFormerParams {
  const c = complete(config);
  return initialise<QFormerParams>(qformerSpec(c, c.use_qformer_text_input), key);
}

/** Every parameter's shape by its key, in the engine's layout, without the text's tables; nothing is allocated. */
export function qformerShapes(config: QFormerConfig): Record<string, number[]> {
  return specShapes(qformerSpec(complete(config), false));
}

/** Attention to a context, its output added to x and normalised. */
function attend(
  c: Complete,
  { attention: { query, key, value }, output }: AttentionPart,
  x: tf.Tensor3D,
  context: tf.Tensor3D,
  mask: tf.Tensor | undefined,
): tf.Tensor3D {
  const mixed = attention(linearLayer(query, x), linearLayer(key, context), linearLayer(value, context), {
    heads: c.num_attention_heads,
    mask,
  });
  return layerNormLayer(output.LayerNorm, tf.add(linearLayer(output.dense, mixed), x) as tf.Tensor3D, c.layer_norm_eps);
}

function feedForward(
  c: Complete,
  up: { dense: LinearParams },
  down: { dense: LinearParams; LayerNorm: NormParams },
  x: tf.Tensor3D,
): tf.Tensor3D {
  const hidden = activations[c.hidden_act](linearLayer(up.dense, x));
  return layerNormLayer(down.LayerNorm, tf.add(linearLayer(down.dense, hidden), x) as tf.Tensor3D, c.layer_norm_eps);
}

/**
 * Queries after an image, and the text beside them.
 *
 * @param queries   learned, [1 or B, queries, hidden_size]
 * @param image     states, [B, N, encoder_hidden_size]
 * @param imageMask 1 for states that are there, [B, N]; all where left out
 * @param text      beside the queries, where the config has one: both attend to each other, in all but the layers' last parts
 * @throws TypeError where a shape is wrong, RangeError where the config asks for another network
 */
export function qformer(
  config: QFormerConfig,
  params: QFormerParams,
  queries: tf.Tensor3D,
  image: tf.Tensor3D,
  { imageMask, text }: { readonly imageMask?: tf.Tensor2D; readonly text?: QFormerText } = {},
): QFormerOutput {
  const c = complete(config);
  const { B } = expectShape('qformer: image', image, `B N ${c.encoder_hidden_size}`) as { B: number };
  const [rows, count] = queries.shape;
  expectShape('qformer: queries', queries, `${rows === 1 ? 1 : B} Q ${c.hidden_size}`);
  if (text && !params.embeddings) throw new TypeError('qformer: text: the network has no table of words for it');
  return scope(() => {
    const asked = rows === 1 && B > 1 ? tf.tile(queries, [B, 1, 1]) : queries;
    const words = text && textEmbeddings(params.embeddings!, text.ids);
    const scores = text && paddingScores(tf.concat([tf.ones([B, count]), text.mask], 1) as tf.Tensor2D);
    const imageScores = imageMask && paddingScores(imageMask);
    const first = words ? (tf.concat([asked, words], 1) as tf.Tensor3D) : asked;
    const hiddenStates = [layerNormLayer(params.layernorm, first, c.layer_norm_eps)];
    for (const layer of params.encoder.layer) {
      const x = attend(c, layer.attention, hiddenStates.at(-1)!, hiddenStates.at(-1)!, scores);
      const [ofQueries, ofText] = split(x, count);
      const looked = layer.crossattention ? attend(c, layer.crossattention, ofQueries, image, imageScores) : ofQueries;
      const next = [feedForward(c, layer.intermediate_query, layer.output_query, looked)];
      if (ofText) next.push(feedForward(c, layer.intermediate!, layer.output!, ofText));
      hiddenStates.push(next.length > 1 ? (tf.concat(next, 1) as tf.Tensor3D) : next[0]!);
    }
    const [ofQueries, ofText] = split(hiddenStates.at(-1)!, count);
    return { queries: tf.clone(ofQueries), ...(ofText && { text: ofText }), hiddenStates };
  });
}

/** Queries, and what follows them. */
function split(x: tf.Tensor3D, count: number): [tf.Tensor3D, tf.Tensor3D | undefined] {
  const rest = x.shape[1] - count;
  return rest === 0 ? [x, undefined] : (tf.split(x, [count, rest], 1) as [tf.Tensor3D, tf.Tensor3D]);
}

function textEmbeddings({ word_embeddings, position_embeddings }: NonNullable<QFormerParams['embeddings']>, ids: tf.Tensor2D): tf.Tensor3D {
  const { L } = expectShape('qformer: text.ids', ids, 'B L') as { L: number };
  const positions = tf.slice(position_embeddings.weight, [0, 0], [L, position_embeddings.weight.shape[1]]);
  return tf.add(embedding(ids, word_embeddings.weight), positions);
}

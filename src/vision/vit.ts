/** ViT (Dosovitskiy et al. 2021, arXiv:2010.11929) as transformers' ViTModel has it, also for images of another size than it was trained on. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { completeSettings, type Defaults, is, optional, withoutNulls } from '../files/internal';
import { type ConvParams, convLayer, type LinearParams, linearLayer, type NormParams, type Spec } from '../nn';
import {
  type ActivationName,
  activationNames,
  convSpec,
  initialise,
  layerNormLayer,
  linearSpec,
  MOST_LAYERS,
  normSpec,
  specShapes,
} from '../nn/internal';
import { interpolate } from './interpolate';
import { NOTES } from './notes';
import { asTokens, visionLayer } from './transformer';

/** ViTConfig. Defaults: 768 channels, 3072 inside the feed-forward layers, 12 layers and heads, 224 pixels in patches of 16. */
export interface VitConfig {
  model_type?: 'vit';
  hidden_size?: number;
  num_hidden_layers?: number;
  num_attention_heads?: number;
  intermediate_size?: number;
  /** Default "gelu", the exact one. */
  hidden_act?: ActivationName;
  /** Default 1e-12. */
  layer_norm_eps?: number;
  /** Side of the square image, pixels. */
  image_size?: number;
  patch_size?: number;
  num_channels?: number;
  /** Biases of queries, keys and values. Default true. */
  qkv_bias?: boolean;
  initializer_range?: number;
}

type Complete = Required<Omit<VitConfig, 'model_type'>>;

type VitLayerParams = {
  attention: { attention: { query: LinearParams; key: LinearParams; value: LinearParams }; output: { dense: LinearParams } };
  intermediate: { dense: LinearParams };
  output: { dense: LinearParams };
  layernorm_before: NormParams;
  layernorm_after: NormParams;
};

export type VitParams = {
  embeddings: {
    /** [1, 1, C]. */
    cls_token: tf.Tensor3D;
    /** [1, 1 + patches, C]. */
    position_embeddings: tf.Tensor3D;
    patch_embeddings: { projection: ConvParams };
  };
  encoder: { layer: VitLayerParams[] };
  layernorm: NormParams;
  /** Absent in files of models with another head. */
  pooler?: { dense: LinearParams };
};

/** Results; the caller disposes them all. */
export type VitOutput = {
  /** [0] the embeddings, [i] the output of layer i, [B, 1 + patches, C] each, class token first. */
  hiddenStates: tf.Tensor3D[];
  /** The last layer's after the last norm. */
  lastHiddenState: tf.Tensor3D;
  /** tanh of the pooler's layer on the class token, [B, C]; where there is a pooler. */
  poolerOutput?: tf.Tensor2D;
};

const size = is.whole(1);

const SETTINGS: Defaults<Complete> = {
  hidden_size: optional(size, 768),
  num_hidden_layers: optional(is.whole(1, MOST_LAYERS), 12),
  num_attention_heads: optional(size, 12),
  intermediate_size: optional(size, 3072),
  hidden_act: optional<ActivationName>(is.oneOf(...activationNames), 'gelu'),
  layer_norm_eps: optional(is.number(0), 1e-12),
  image_size: optional(size, 224),
  patch_size: optional(size, 16),
  num_channels: optional(size, 3),
  qkv_bias: optional(is.flag, true),
  initializer_range: optional(is.number(0), 0.02),
};

/** @throws RangeError naming the key and its value where the config asks for another network */
function complete(config: VitConfig): Complete {
  const published = { ...NOTES, model_type: is.oneOf('vit'), encoder_stride: is.anything, pooler_act: is.oneOf('tanh') };
  const c = completeSettings('vit', withoutNulls(config), SETTINGS, {
    ...published,
    pooler_output_size: is.oneOf(config.hidden_size ?? 768),
  });
  if (c.hidden_size % c.num_attention_heads !== 0)
    throw new RangeError(`vit: hidden_size is ${c.hidden_size}, not a multiple of num_attention_heads, ${c.num_attention_heads}`);
  return c;
}

function vitSpec(config: VitConfig, pooler: boolean): Spec<VitParams> {
  const c = complete(config);
  const { hidden_size: width, intermediate_size: inner, initializer_range: std } = c;
  const dense = (from: number, to: number): Spec<LinearParams> => linearSpec(from, to, { std });
  const qkv = linearSpec(width, width, { std, noBias: !c.qkv_bias });
  const layer: Spec<VitLayerParams> = {
    attention: { attention: { query: qkv, key: qkv, value: qkv }, output: { dense: dense(width, width) } },
    intermediate: { dense: dense(width, inner) },
    output: { dense: dense(inner, width) },
    layernorm_before: normSpec(width),
    layernorm_after: normSpec(width),
  };
  const patches = Math.floor(c.image_size / c.patch_size) ** 2;
  return {
    embeddings: {
      cls_token: { shape: [1, 1, width], init: { kind: 'normal', std } },
      position_embeddings: { shape: [1, 1 + patches, width], init: { kind: 'normal', std } },
      patch_embeddings: { projection: convSpec(c.num_channels, width, c.patch_size, { std }) },
    },
    encoder: { layer: new Array(c.num_hidden_layers).fill(layer) },
    layernorm: normSpec(width),
    ...(pooler ? { pooler: { dense: dense(width, width) } } : {}),
  };
}

/** Random weights, without a pooler; the caller disposes the tree. */
export function initVit(config: VitConfig, key: Key): VitParams {
  return initialise<VitParams>(vitSpec(config, false), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function vitShapes(config: VitConfig, pooler: boolean): Record<string, number[]> {
  return specShapes(vitSpec(config, pooler));
}

/** Positions for a grid of patches of another size than the table's, resampled bicubically, as transformers does it. [1, 1 + h · w, C] */
function positionsFor(table: tf.Tensor3D, height: number, width: number): tf.Tensor3D {
  const [, count, channels] = table.shape;
  const side = Math.sqrt(count - 1);
  if (side === height && side === width) return table;
  return scope(() => {
    const grid = tf.reshape(tf.slice(table, [0, 1, 0]), [1, side, side, channels]) as tf.Tensor4D;
    return tf.concat([tf.slice(table, [0, 0, 0], [1, 1, channels]), asTokens(interpolate(grid, [height, width], 'bicubic'))], 1);
  });
}

/**
 * Encodes images.
 *
 * @param pixels [B, H, W, num_channels]; of another size than `image_size`, positions are resampled
 * @throws TypeError where the shape is wrong, RangeError where the config asks for another network
 */
export function vit(config: VitConfig, params: VitParams, pixels: tf.Tensor4D): VitOutput {
  const c = complete(config);
  const { B } = expectShape('vit: pixels', pixels, `B H W ${c.num_channels}`) as { B: number };
  const { embeddings, encoder, layernorm, pooler } = params;
  return scope(() => {
    const patches = convLayer(embeddings.patch_embeddings.projection, pixels, { stride: c.patch_size });
    const first = tf.tile(embeddings.cls_token, [B, 1, 1]);
    const positions = positionsFor(embeddings.position_embeddings, patches.shape[1], patches.shape[2]);
    const hiddenStates = [tf.add(tf.concat([first, asTokens(patches)], 1), positions) as tf.Tensor3D];
    for (const p of encoder.layer) {
      const { attention, output } = p.attention;
      const named = { before: p.layernorm_before, ...attention, out: output.dense, after: p.layernorm_after };
      const options = { heads: c.num_attention_heads, eps: c.layer_norm_eps, activation: c.hidden_act };
      hiddenStates.push(visionLayer({ ...named, up: p.intermediate.dense, down: p.output.dense }, hiddenStates.at(-1)!, options));
    }
    const lastHiddenState = layerNormLayer(layernorm, hiddenStates.at(-1)!, c.layer_norm_eps);
    if (!pooler) return { hiddenStates, lastHiddenState };
    const classState = tf.reshape(tf.slice(lastHiddenState, [0, 0, 0], [B, 1, c.hidden_size]), [B, c.hidden_size]) as tf.Tensor2D;
    return { hiddenStates, lastHiddenState, poolerOutput: tf.tanh(linearLayer(pooler.dense, classState)) };
  });
}

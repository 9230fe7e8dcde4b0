/**
 * BLIP-2's image encoder (Li et al. 2023, arXiv:2301.12597), a vision transformer of EVA's form (Fang et al. 2022, arXiv:2211.07636), as transformers'
 * Blip2VisionModel has it: queries, keys and values in one layer.
 */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { completeSettings, type Defaults, is, optional, withoutNulls } from '../files/internal';
import { type ConvParams, convLayer, type LinearParams, type NormParams, type Spec } from '../nn';
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
import { NOTES } from './notes';
import { asTokens, visionLayer } from './transformer';

/** Blip2VisionConfig. Defaults: 1408 channels, 6144 inside the feed-forward layers, 39 layers of 16 heads, 224 pixels in patches of 14. */
export interface Blip2VisionConfig {
  model_type?: 'blip_2_vision_model';
  hidden_size?: number;
  intermediate_size?: number;
  num_hidden_layers?: number;
  num_attention_heads?: number;
  image_size?: number;
  patch_size?: number;
  /** Not in transformers' config, which has 3. */
  num_channels?: number;
  hidden_act?: ActivationName;
  layer_norm_eps?: number;
  qkv_bias?: boolean;
  initializer_range?: number;
}

type Complete = Required<Omit<Blip2VisionConfig, 'model_type'>>;

type Blip2VisionLayerParams = {
  self_attn: { qkv: LinearParams; projection: LinearParams };
  layer_norm1: NormParams;
  mlp: { fc1: LinearParams; fc2: LinearParams };
  layer_norm2: NormParams;
};

export type Blip2VisionParams = {
  embeddings: {
    /** [1, 1, C]. */
    class_embedding: tf.Tensor3D;
    /** [1, 1 + patches, C]. */
    position_embedding: tf.Tensor3D;
    patch_embedding: ConvParams;
  };
  encoder: { layers: Blip2VisionLayerParams[] };
  post_layernorm: NormParams;
};

const size = is.whole(1);

const SETTINGS: Defaults<Complete> = {
  hidden_size: optional(size, 1408),
  intermediate_size: optional(size, 6144),
  num_hidden_layers: optional(is.whole(1, MOST_LAYERS), 39),
  num_attention_heads: optional(size, 16),
  image_size: optional(size, 224),
  patch_size: optional(size, 14),
  num_channels: optional(size, 3),
  hidden_act: optional<ActivationName>(is.oneOf(...activationNames), 'gelu'),
  layer_norm_eps: optional(is.number(0), 1e-6),
  qkv_bias: optional(is.flag, true),
  initializer_range: optional(is.number(0), 1e-10),
};

/** @throws RangeError naming the key and its value where the config asks for another network */
export function completeBlip2VisionConfig(config: Blip2VisionConfig): Complete {
  const c = completeSettings('blip-2 vision', withoutNulls(config), SETTINGS, { ...NOTES, model_type: is.oneOf('blip_2_vision_model') });
  if (c.hidden_size % c.num_attention_heads !== 0)
    throw new RangeError(`blip-2 vision: hidden_size is ${c.hidden_size}, not a multiple of num_attention_heads, ${c.num_attention_heads}`);
  if (c.image_size % c.patch_size !== 0)
    throw new RangeError(`blip-2 vision: image_size is ${c.image_size}, not a multiple of patch_size, ${c.patch_size}`);
  return c;
}

function blip2VisionSpec(config: Blip2VisionConfig): Spec<Blip2VisionParams> {
  const c = completeBlip2VisionConfig(config);
  const { hidden_size: width, intermediate_size: inner, initializer_range: std } = c;
  const layer: Spec<Blip2VisionLayerParams> = {
    self_attn: { qkv: linearSpec(width, 3 * width, { std, noBias: !c.qkv_bias }), projection: linearSpec(width, width, { std }) },
    layer_norm1: normSpec(width),
    mlp: { fc1: linearSpec(width, inner, { std }), fc2: linearSpec(inner, width, { std }) },
    layer_norm2: normSpec(width),
  };
  const normal = (shape: readonly number[]) => ({ shape, init: { kind: 'normal', std } }) as const;
  return {
    embeddings: {
      class_embedding: normal([1, 1, width]),
      position_embedding: normal([1, 1 + (c.image_size / c.patch_size) ** 2, width]),
      patch_embedding: convSpec(c.num_channels, width, c.patch_size, { std }),
    },
    encoder: { layers: new Array(c.num_hidden_layers).fill(layer) },
    post_layernorm: normSpec(width),
  };
}

/** Random weights; the published spread of 1e-10 is that of a model which is never trained from the start. The caller disposes the tree. */
export function initBlip2Vision(config: Blip2VisionConfig, key: Key): Blip2VisionParams {
  return initialise<Blip2VisionParams>(blip2VisionSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function blip2VisionShapes(config: Blip2VisionConfig): Record<string, number[]> {
  return specShapes(blip2VisionSpec(config));
}

/** One third of a layer's outputs. */
function third({ weight, bias }: LinearParams, i: number): LinearParams {
  const [inputs, all] = weight.shape;
  const width = all / 3;
  return {
    weight: tf.slice(weight, [0, i * width], [inputs, width]),
    ...(bias && { bias: tf.slice(bias, [i * width], [width]) }),
  };
}

/**
 * Encodes images.
 *
 * @param pixels [B, image_size, image_size, num_channels], normalised as the model's own processor does
 * @returns      states of the class token and of all patches after the last norm, [B, 1 + patches, C]; the caller disposes them
 * @throws TypeError where the shape is wrong, RangeError where the config can't be worked with
 */
export function blip2Vision(config: Blip2VisionConfig, params: Blip2VisionParams, pixels: tf.Tensor4D): tf.Tensor3D {
  const c = completeBlip2VisionConfig(config);
  const { B } = expectShape('blip-2 vision: pixels', pixels, `B ${c.image_size} ${c.image_size} ${c.num_channels}`) as { B: number };
  const { embeddings, encoder, post_layernorm } = params;
  return scope(() => {
    const patches = asTokens(convLayer(embeddings.patch_embedding, pixels, { stride: c.patch_size }));
    const first = tf.tile(embeddings.class_embedding, [B, 1, 1]);
    let x = tf.add(tf.concat([first, patches], 1), embeddings.position_embedding) as tf.Tensor3D;
    for (const { self_attn, layer_norm1, mlp, layer_norm2 } of encoder.layers) {
      const [query, key, value] = [0, 1, 2].map((i) => third(self_attn.qkv, i)) as [LinearParams, LinearParams, LinearParams];
      const layer = { before: layer_norm1, query, key, value, out: self_attn.projection, after: layer_norm2, up: mlp.fc1, down: mlp.fc2 };
      x = visionLayer(layer, x, { heads: c.num_attention_heads, eps: c.layer_norm_eps, activation: c.hidden_act });
    }
    return layerNormLayer(post_layernorm, x, c.layer_norm_eps);
  });
}

/** The vision transformer of open_clip (Radford et al. 2021, arXiv:2103.00020) under its own names, for images of any number of channels. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { completeSettings, type Defaults, is, optional } from '../files/internal';
import { type ConvParams, convLayer, type LinearParams, type NormParams, type Spec } from '../nn';
import { convSpec, initialise, layerNormLayer, linearSpec, MOST_LAYERS, normSpec, specShapes } from '../nn/internal';
import { asTokens, visionLayer } from './transformer';

/** `vision_cfg` of open_clip, what it leaves out by its defaults: 768 channels, 12 layers, heads of 64, 224 pixels in patches of 16, 3 channels. */
export interface OpenClipVisionConfig {
  layers?: number;
  width?: number;
  head_width?: number;
  mlp_ratio?: number;
  patch_size?: number;
  image_size?: number;
  in_channels?: number;
}

type ResblockParams = {
  ln_1: NormParams;
  /** Queries, keys and values in one, [3 C, C] and [3 C] as the file has them. */
  attn: { in_proj_weight: tf.Tensor2D; in_proj_bias: tf.Tensor1D; out_proj: LinearParams };
  ln_2: NormParams;
  mlp: { c_fc: LinearParams; c_proj: LinearParams };
};

export type OpenClipVisionParams = {
  /** [C]. */
  class_embedding: tf.Tensor1D;
  /** [1 + patches, C]. */
  positional_embedding: tf.Tensor2D;
  /** Without a bias. */
  conv1: ConvParams;
  ln_pre: NormParams;
  transformer: { resblocks: ResblockParams[] };
  ln_post: NormParams;
};

const size = is.whole(1);

const SETTINGS: Defaults<Required<OpenClipVisionConfig>> = {
  layers: optional(is.whole(1, MOST_LAYERS), 12),
  width: optional(size, 768),
  head_width: optional(size, 64),
  mlp_ratio: optional(is.number(0), 4),
  patch_size: optional(size, 16),
  image_size: optional(size, 224),
  in_channels: optional(size, 3),
};

/** Of all norms. */
const EPS = 1e-5;

/** @throws RangeError naming the key and its value where the config can't be worked with */
export function completeOpenClipVisionConfig(config: OpenClipVisionConfig): Required<OpenClipVisionConfig> {
  const c = completeSettings('open_clip vision', config, SETTINGS, {});
  if (c.width % c.head_width !== 0)
    throw new RangeError(`open_clip vision: width is ${c.width}, not a multiple of head_width, ${c.head_width}`);
  if (c.image_size % c.patch_size !== 0)
    throw new RangeError(`open_clip vision: image_size is ${c.image_size}, not a multiple of patch_size, ${c.patch_size}`);
  return c;
}

function openClipVisionSpec(config: OpenClipVisionConfig): Spec<OpenClipVisionParams> {
  const c = completeOpenClipVisionConfig(config);
  const { width } = c;
  const inner = Math.round(width * c.mlp_ratio);
  const std = width ** -0.5;
  const ofAttention = std * (2 * c.layers) ** -0.5;
  const block: Spec<ResblockParams> = {
    ln_1: normSpec(width),
    attn: {
      in_proj_weight: { shape: [3 * width, width], init: { kind: 'normal', std } },
      in_proj_bias: { shape: [3 * width], init: { kind: 'constant', value: 0 } },
      out_proj: linearSpec(width, width, { std: ofAttention }),
    },
    ln_2: normSpec(width),
    mlp: { c_fc: linearSpec(width, inner, { std: (2 * width) ** -0.5 }), c_proj: linearSpec(inner, width, { std: ofAttention }) },
  };
  return {
    class_embedding: { shape: [width], init: { kind: 'normal', std } },
    positional_embedding: { shape: [1 + (c.image_size / c.patch_size) ** 2, width], init: { kind: 'normal', std } },
    conv1: convSpec(c.in_channels, width, c.patch_size, { noBias: true }),
    ln_pre: normSpec(width),
    transformer: { resblocks: new Array(c.layers).fill(block) },
    ln_post: normSpec(width),
  };
}

/** Random weights, as open_clip draws them; the caller disposes the tree. */
export function initOpenClipVision(config: OpenClipVisionConfig, key: Key): OpenClipVisionParams {
  return initialise<OpenClipVisionParams>(openClipVisionSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function openClipVisionShapes(config: OpenClipVisionConfig): Record<string, number[]> {
  return specShapes(openClipVisionSpec(config));
}

/**
 * Encodes images.
 *
 * @param pixels [B, image_size, image_size, in_channels], normalised as the model's own processor does
 * @returns      states of the class token and of all patches after the last norm, [B, 1 + patches, C]; the caller disposes them
 * @throws TypeError where the shape is wrong, RangeError where the config can't be worked with
 */
export function openClipVision(config: OpenClipVisionConfig, params: OpenClipVisionParams, pixels: tf.Tensor4D): tf.Tensor3D {
  const c = completeOpenClipVisionConfig(config);
  const { B } = expectShape('open_clip vision: pixels', pixels, `B ${c.image_size} ${c.image_size} ${c.in_channels}`) as { B: number };
  return scope(() => {
    const patches = asTokens(convLayer(params.conv1, pixels, { stride: c.patch_size }));
    const first = tf.tile(tf.reshape(params.class_embedding, [1, 1, c.width]), [B, 1, 1]);
    let x = layerNormLayer(params.ln_pre, tf.add(tf.concat([first, patches], 1), params.positional_embedding) as tf.Tensor3D, EPS);
    for (const { ln_1, attn, ln_2, mlp } of params.transformer.resblocks) {
      const weights = tf.split(attn.in_proj_weight, 3, 0);
      const biases = tf.split(attn.in_proj_bias, 3, 0);
      const [query, key, value] = weights.map((weight, i) => ({
        weight: tf.transpose(weight) as tf.Tensor2D,
        bias: biases[i] as tf.Tensor1D,
      }));
      const layer = {
        before: ln_1,
        query: query!,
        key: key!,
        value: value!,
        out: attn.out_proj,
        after: ln_2,
        up: mlp.c_fc,
        down: mlp.c_proj,
      };
      x = visionLayer(layer, x, { heads: c.width / c.head_width, eps: EPS, activation: 'gelu' });
    }
    return layerNormLayer(params.ln_post, x, EPS);
  });
}

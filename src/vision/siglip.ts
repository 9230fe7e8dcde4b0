/** SigLIP's image encoder (Zhai et al. 2023, arXiv:2303.15343): a vision transformer whose head attends to the patches from a learnt query. */

import * as tf from '@tensorflow/tfjs-core';
import { attention, type Key, linear, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { completeSettings, type Defaults, is, optional, withoutNulls } from '../files/internal';
import { type ConvParams, convLayer, type EmbeddingParams, type LinearParams, linearLayer, type NormParams, type Spec } from '../nn';
import {
  type ActivationName,
  activationNames,
  activations,
  convSpec,
  embeddingSpec,
  initialise,
  layerNormLayer,
  linearSpec,
  MOST_LAYERS,
  normSpec,
  specShapes,
} from '../nn/internal';
import { NOTES } from './notes';
import { asTokens, visionLayer } from './transformer';

/** SiglipVisionConfig. Defaults: 768 channels, 3072 inside the feed-forward layers, 12 layers and heads, 224 pixels in patches of 16. */
export interface SiglipVisionConfig {
  model_type?: 'siglip_vision_model';
  hidden_size?: number;
  intermediate_size?: number;
  num_hidden_layers?: number;
  num_attention_heads?: number;
  num_channels?: number;
  image_size?: number;
  patch_size?: number;
  /** Default "gelu_pytorch_tanh". */
  hidden_act?: ActivationName;
  /** Default 1e-6. */
  layer_norm_eps?: number;
  /** Whether there is the head that pools. Default true. */
  vision_use_head?: boolean;
}

type Complete = Required<Omit<SiglipVisionConfig, 'model_type'>>;

type SiglipLayerParams = {
  layer_norm1: NormParams;
  self_attn: { q_proj: LinearParams; k_proj: LinearParams; v_proj: LinearParams; out_proj: LinearParams };
  layer_norm2: NormParams;
  mlp: { fc1: LinearParams; fc2: LinearParams };
};

export type SiglipVisionParams = {
  embeddings: { patch_embedding: ConvParams; position_embedding: EmbeddingParams };
  encoder: { layers: SiglipLayerParams[] };
  post_layernorm: NormParams;
  head?: {
    /** The query, [1, 1, C]. */
    probe: tf.Tensor3D;
    /** Queries, keys and values in one, [3 C, C] and [3 C] as the file has them. */
    attention: { in_proj_weight: tf.Tensor2D; in_proj_bias: tf.Tensor1D; out_proj: LinearParams };
    layernorm: NormParams;
    mlp: { fc1: LinearParams; fc2: LinearParams };
  };
};

/** Results; the caller disposes them all. */
export type SiglipVisionOutput = {
  /** [0] the embeddings, [i] the output of layer i, [B, patches, C] each. */
  hiddenStates: tf.Tensor3D[];
  /** The last layer's after the last norm. */
  lastHiddenState: tf.Tensor3D;
  /** [B, C], where there is a head. */
  poolerOutput?: tf.Tensor2D;
};

const size = is.whole(1);

const SETTINGS: Defaults<Complete> = {
  hidden_size: optional(size, 768),
  intermediate_size: optional(size, 3072),
  num_hidden_layers: optional(is.whole(1, MOST_LAYERS), 12),
  num_attention_heads: optional(size, 12),
  num_channels: optional(size, 3),
  image_size: optional(size, 224),
  patch_size: optional(size, 16),
  hidden_act: optional<ActivationName>(is.oneOf(...activationNames), 'gelu_pytorch_tanh'),
  layer_norm_eps: optional(is.number(0), 1e-6),
  vision_use_head: optional(is.flag, true),
};

/** @throws RangeError naming the key and its value where the config asks for another network */
export function completeSiglipVisionConfig(config: SiglipVisionConfig): Complete {
  const c = completeSettings('siglip vision', withoutNulls(config), SETTINGS, {
    ...NOTES,
    model_type: is.oneOf('siglip_vision_model', 'siglip'),
  });
  if (c.hidden_size % c.num_attention_heads !== 0)
    throw new RangeError(`siglip vision: hidden_size is ${c.hidden_size}, not a multiple of num_attention_heads, ${c.num_attention_heads}`);
  return c;
}

function siglipVisionSpec(config: SiglipVisionConfig): Spec<SiglipVisionParams> {
  const c = completeSiglipVisionConfig(config);
  const { hidden_size: width, intermediate_size: inner } = c;
  const mlp = { fc1: linearSpec(width, inner), fc2: linearSpec(inner, width) };
  const square = linearSpec(width, width);
  const layer: Spec<SiglipLayerParams> = {
    layer_norm1: normSpec(width),
    self_attn: { q_proj: square, k_proj: square, v_proj: square, out_proj: square },
    layer_norm2: normSpec(width),
    mlp,
  };
  const bound = 1 / Math.sqrt(width);
  const head: Spec<NonNullable<SiglipVisionParams['head']>> = {
    probe: { shape: [1, 1, width], init: { kind: 'normal', std: 1 } },
    attention: {
      in_proj_weight: { shape: [3 * width, width], init: { kind: 'uniform', bound } },
      in_proj_bias: { shape: [3 * width], init: { kind: 'constant', value: 0 } },
      out_proj: square,
    },
    layernorm: normSpec(width),
    mlp,
  };
  return {
    embeddings: {
      patch_embedding: convSpec(c.num_channels, width, c.patch_size),
      position_embedding: embeddingSpec(Math.floor(c.image_size / c.patch_size) ** 2, width, bound),
    },
    encoder: { layers: new Array(c.num_hidden_layers).fill(layer) },
    post_layernorm: normSpec(width),
    ...(c.vision_use_head ? { head } : {}),
  };
}

/** Random weights; the caller disposes the tree. */
export function initSiglipVision(config: SiglipVisionConfig, key: Key): SiglipVisionParams {
  return initialise<SiglipVisionParams>(siglipVisionSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function siglipVisionShapes(config: SiglipVisionConfig): Record<string, number[]> {
  return specShapes(siglipVisionSpec(config));
}

/** What the head's query takes of the patches, [B, C]. */
function pool(c: Complete, head: NonNullable<SiglipVisionParams['head']>, states: tf.Tensor3D): tf.Tensor2D {
  return scope(() => {
    const [batch, , width] = states.shape;
    const weights = tf.split(head.attention.in_proj_weight, 3, 0);
    const biases = tf.split(head.attention.in_proj_bias, 3, 0);
    const project = (i: number, x: tf.Tensor3D): tf.Tensor3D =>
      linear(x, tf.transpose(weights[i]!) as tf.Tensor2D, biases[i] as tf.Tensor1D);
    const query = tf.tile(head.probe, [batch, 1, 1]);
    const mixed = attention(project(0, query), project(1, states), project(2, states), { heads: c.num_attention_heads });
    const pooled = linearLayer(head.attention.out_proj, mixed);
    const hidden = activations[c.hidden_act](linearLayer(head.mlp.fc1, layerNormLayer(head.layernorm, pooled, c.layer_norm_eps)));
    return tf.reshape(tf.add(pooled, linearLayer(head.mlp.fc2, hidden)), [batch, width]);
  });
}

/**
 * Encodes images.
 *
 * @param pixels [B, image_size, image_size, num_channels]
 * @throws TypeError where the shape is wrong, RangeError where the config asks for another network
 */
export function siglipVision(config: SiglipVisionConfig, params: SiglipVisionParams, pixels: tf.Tensor4D): SiglipVisionOutput {
  const c = completeSiglipVisionConfig(config);
  expectShape('siglip vision: pixels', pixels, `B ${c.image_size} ${c.image_size} ${c.num_channels}`);
  const { embeddings, encoder, post_layernorm, head } = params;
  return scope(() => {
    const patches = asTokens(convLayer(embeddings.patch_embedding, pixels, { stride: c.patch_size }));
    const hiddenStates = [tf.add(patches, embeddings.position_embedding.weight) as tf.Tensor3D];
    const options = { heads: c.num_attention_heads, eps: c.layer_norm_eps, activation: c.hidden_act };
    for (const { layer_norm1, self_attn, layer_norm2, mlp } of encoder.layers) {
      const { q_proj: query, k_proj: key, v_proj: value, out_proj: out } = self_attn;
      const layer = { before: layer_norm1, query, key, value, out, after: layer_norm2, up: mlp.fc1, down: mlp.fc2 };
      hiddenStates.push(visionLayer(layer, hiddenStates.at(-1)!, options));
    }
    const lastHiddenState = layerNormLayer(post_layernorm, hiddenStates.at(-1)!, c.layer_norm_eps);
    return head ? { hiddenStates, lastHiddenState, poolerOutput: pool(c, head, lastHiddenState) } : { hiddenStates, lastHiddenState };
  });
}

/** Phi-1.5 and Phi-2 (Li et al. 2023, arXiv:2309.05463): attention and feed-forward layer side by side behind one norm, a part of each head turned by positions. */

import * as tf from '@tensorflow/tfjs-core';
import { attention, embedding, type Key, scope } from '../engine';
import { completeSettings, type Defaults, is, optional, withoutNulls } from '../files/internal';
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
  repeatHeads,
  specShapes,
} from '../nn/internal';
import { DECODER_NOTES } from './notes';
import { type DecoderInputs, type DecoderOutput, type KeptKeys, keepKeys } from './pass';
import { rotate, rotation } from './rotary';

/** PhiConfig. */
export interface PhiConfig {
  model_type: 'phi';
  vocab_size?: number;
  hidden_size?: number;
  intermediate_size?: number;
  num_hidden_layers?: number;
  num_attention_heads?: number;
  /** As many as the queries have by default. */
  num_key_value_heads?: number;
  hidden_act?: ActivationName;
  max_position_embeddings?: number;
  layer_norm_eps?: number;
  /** Base of the rotary frequencies and the share of each head that turns; newer files have both in `rope_parameters`. */
  rope_theta?: number;
  partial_rotary_factor?: number;
  rope_parameters?: { readonly rope_theta: number; readonly partial_rotary_factor?: number; readonly rope_type: 'default' };
  pad_token_id?: number;
  initializer_range?: number;
}

type LayerParams = {
  input_layernorm: NormParams;
  self_attn: { q_proj: LinearParams; k_proj: LinearParams; v_proj: LinearParams; dense: LinearParams };
  mlp: { fc1: LinearParams; fc2: LinearParams };
};

export type PhiParams = {
  model: { embed_tokens: EmbeddingParams; layers: LayerParams[]; final_layernorm: NormParams };
  lm_head: LinearParams;
};

const size = is.whole(1);

type Settings = Required<Omit<PhiConfig, 'num_key_value_heads' | 'rope_parameters' | 'pad_token_id'>>;

const SETTINGS: Defaults<Settings> = {
  model_type: optional<'phi'>(is.oneOf('phi'), 'phi'),
  vocab_size: optional(size, 51200),
  hidden_size: optional(size, 2048),
  intermediate_size: optional(size, 8192),
  num_hidden_layers: optional(is.whole(1, MOST_LAYERS), 24),
  num_attention_heads: optional(size, 32),
  hidden_act: optional<ActivationName>(is.oneOf(...activationNames), 'gelu_new'),
  max_position_embeddings: optional(size, 2048),
  layer_norm_eps: optional(is.number(0), 1e-5),
  rope_theta: optional(is.number(1), 10000),
  partial_rotary_factor: optional(is.number(0, 1), 0.5),
  initializer_range: optional(is.number(0), 0.02),
};

export interface CompletePhiConfig extends Settings {
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  /** Channels of a head that turn. */
  readonly turning: number;
  readonly padding: number | undefined;
}

/** @throws RangeError naming the key and its value where the config asks for another network */
export function completePhiConfig(config: PhiConfig): CompletePhiConfig {
  const { rope_parameters: rope } = config;
  const published = {
    ...DECODER_NOTES,
    num_key_value_heads: size,
    pad_token_id: is.whole(0),
    qk_layernorm: is.oneOf(false),
    tie_word_embeddings: is.oneOf(false),
    rope_parameters: is.record(is.anything),
  };
  const given = {
    ...withoutNulls(config),
    ...(rope && { rope_theta: rope.rope_theta }),
    ...(rope?.partial_rotary_factor !== undefined && { partial_rotary_factor: rope.partial_rotary_factor }),
  };
  const c = completeSettings('phi', given, SETTINGS, published);
  if (rope && rope.rope_type !== 'default')
    throw new RangeError(`phi: rope_parameters.rope_type: expected "default", got ${JSON.stringify(rope.rope_type)}`);
  const heads = c.num_attention_heads;
  const keys = config.num_key_value_heads ?? heads;
  if (c.hidden_size % heads !== 0)
    throw new RangeError(`phi: hidden_size is ${c.hidden_size}, not a multiple of num_attention_heads, ${heads}`);
  if (heads % keys !== 0) throw new RangeError(`phi: num_attention_heads is ${heads}, not a multiple of num_key_value_heads, ${keys}`);
  const headDim = c.hidden_size / heads;
  const turning = Math.floor(headDim * c.partial_rotary_factor);
  if (turning < 2 || turning % 2 !== 0)
    throw new RangeError(
      `phi: partial_rotary_factor: expected an even number of at least 2 of a head's ${headDim} channels, got ${turning}`,
    );
  return { ...c, num_key_value_heads: keys, head_dim: headDim, turning, padding: config.pad_token_id ?? undefined };
}

function phiSpec(config: PhiConfig): Spec<PhiParams> {
  const c = completePhiConfig(config);
  const { hidden_size: width, intermediate_size: inner, initializer_range: std } = c;
  const keys = c.num_key_value_heads * c.head_dim;
  const layer: Spec<LayerParams> = {
    input_layernorm: normSpec(width),
    self_attn: {
      q_proj: linearSpec(width, width, { std }),
      k_proj: linearSpec(width, keys, { std }),
      v_proj: linearSpec(width, keys, { std }),
      dense: linearSpec(width, width, { std }),
    },
    mlp: { fc1: linearSpec(width, inner, { std }), fc2: linearSpec(inner, width, { std }) },
  };
  return {
    model: {
      embed_tokens: embeddingSpec(c.vocab_size, width, std),
      layers: new Array(c.num_hidden_layers).fill(layer),
      final_layernorm: normSpec(width),
    },
    lm_head: linearSpec(width, c.vocab_size, { std }),
  };
}

/** Random weights; the caller disposes the tree. */
export function initPhi(config: PhiConfig, key: Key): PhiParams {
  return initialise<PhiParams>(phiSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function phiShapes(config: PhiConfig): Record<string, number[]> {
  return specShapes(phiSpec(config));
}

/** A pass of the model. */
export function phi(config: PhiConfig, { model, lm_head }: PhiParams, inputs: DecoderInputs): DecoderOutput {
  const c = completePhiConfig(config);
  const times = c.num_attention_heads / c.num_key_value_heads;
  return scope(() => {
    const angles = rotation(inputs.positions, c.turning, c.rope_theta);
    const kept: KeptKeys[] = [];
    const hiddenStates = [inputs.embeddings ?? (embedding(inputs.ids, model.embed_tokens.weight, c.padding) as tf.Tensor3D)];
    model.layers.forEach(({ input_layernorm, self_attn, mlp }, i) => {
      const x = hiddenStates.at(-1)!;
      const n = layerNormLayer(input_layernorm, x, c.layer_norm_eps);
      const q = rotate(linearLayer(self_attn.q_proj, n), c.head_dim, angles);
      kept.push(
        keepKeys({ k: rotate(linearLayer(self_attn.k_proj, n), c.head_dim, angles), v: linearLayer(self_attn.v_proj, n) }, i, inputs),
      );
      const [k, v] = [repeatHeads(kept[i]!.k, c.head_dim, times), repeatHeads(kept[i]!.v, c.head_dim, times)];
      const seen = linearLayer(self_attn.dense, attention(q, k, v, { heads: c.num_attention_heads, mask: inputs.scores }));
      const thought = linearLayer(mlp.fc2, activations[c.hidden_act](linearLayer(mlp.fc1, n)));
      hiddenStates.push(tf.add(tf.add(seen, thought), x) as tf.Tensor3D);
    });
    hiddenStates.push(layerNormLayer(model.final_layernorm, hiddenStates.pop()!, c.layer_norm_eps));
    return { logits: linearLayer(lm_head, hiddenStates.at(-1)!), hiddenStates, kept };
  });
}

/** Llama (Touvron et al. 2023, arXiv:2302.13971) and Mistral (Jiang et al. 2023, arXiv:2310.06825), whose tokens see a window. */

import * as tf from '@tensorflow/tfjs-core';
import { attention, embedding, type Key, scope } from '../engine';
import { completeSettings, type Defaults, is, optional, withoutNulls } from '../files/internal';
import { type EmbeddingParams, type LinearParams, linearLayer, type RmsNormParams, type Spec } from '../nn';
import {
  type ActivationName,
  activationNames,
  activations,
  embeddingSpec,
  initialise,
  linearSpec,
  MOST_LAYERS,
  repeatHeads,
  rmsNormLayer,
  rmsNormSpec,
  specShapes,
} from '../nn/internal';
import { DECODER_NOTES } from './notes';
import { type DecoderInputs, type DecoderOutput, type KeptKeys, keepKeys, tiedLogits } from './pass';
import { rotate, rotation } from './rotary';

/** LlamaConfig, MistralConfig. */
export interface LlamaConfig {
  model_type: 'llama' | 'mistral';
  vocab_size?: number;
  hidden_size?: number;
  intermediate_size?: number;
  num_hidden_layers?: number;
  num_attention_heads?: number;
  /** Heads of keys and values, each for several of the queries. As many as the queries have by default; Mistral 8. */
  num_key_value_heads?: number;
  /** hidden_size / num_attention_heads by default. */
  head_dim?: number;
  hidden_act?: ActivationName;
  max_position_embeddings?: number;
  rms_norm_eps?: number;
  /** Base of the rotary frequencies; newer files have it in `rope_parameters`. */
  rope_theta?: number;
  rope_parameters?: { readonly rope_theta: number; readonly rope_type: 'default' };
  /** How far a token sees, of Mistral; null for all. */
  sliding_window?: number | null;
  attention_bias?: boolean;
  mlp_bias?: boolean;
  /** The outputs' table is that of the embeddings. */
  tie_word_embeddings?: boolean;
  pad_token_id?: number;
  initializer_range?: number;
}

type LayerParams = {
  input_layernorm: RmsNormParams;
  self_attn: { q_proj: LinearParams; k_proj: LinearParams; v_proj: LinearParams; o_proj: LinearParams };
  post_attention_layernorm: RmsNormParams;
  mlp: { gate_proj: LinearParams; up_proj: LinearParams; down_proj: LinearParams };
};

export type LlamaParams = {
  model: { embed_tokens: EmbeddingParams; layers: LayerParams[]; norm: RmsNormParams };
  /** Absent where it is tied to the embeddings. */
  lm_head?: LinearParams;
};

const size = is.whole(1);

type Settings = Required<Omit<LlamaConfig, 'num_key_value_heads' | 'head_dim' | 'rope_parameters' | 'sliding_window' | 'pad_token_id'>>;

const SETTINGS: Defaults<Settings> = {
  model_type: optional<'llama' | 'mistral'>(is.oneOf('llama', 'mistral'), 'llama'),
  vocab_size: optional(size, 32000),
  hidden_size: optional(size, 4096),
  intermediate_size: optional(size, 11008),
  num_hidden_layers: optional(is.whole(1, MOST_LAYERS), 32),
  num_attention_heads: optional(size, 32),
  hidden_act: optional<ActivationName>(is.oneOf(...activationNames), 'silu'),
  max_position_embeddings: optional(size, 2048),
  rms_norm_eps: optional(is.number(0), 1e-6),
  rope_theta: optional(is.number(1), 10000),
  attention_bias: optional(is.flag, false),
  mlp_bias: optional(is.flag, false),
  tie_word_embeddings: optional(is.flag, false),
  initializer_range: optional(is.number(0), 0.02),
};

/** What MistralConfig has as other defaults. */
const MISTRAL: Partial<Defaults<Settings>> = {
  intermediate_size: optional(size, 14336),
  max_position_embeddings: optional(size, 4096 * 32),
};

export interface CompleteLlamaConfig extends Settings {
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly window: number | undefined;
  readonly padding: number | undefined;
}

/** @throws RangeError naming the key and its value where the config asks for another network */
export function completeLlamaConfig(config: LlamaConfig): CompleteLlamaConfig {
  const isMistral = config.model_type === 'mistral';
  const { rope_parameters: rope } = config;
  const published = {
    ...DECODER_NOTES,
    num_key_value_heads: size,
    head_dim: size,
    sliding_window: size,
    pad_token_id: is.whole(0),
    pretraining_tp: is.oneOf(1),
    rope_parameters: is.record(is.anything),
  };
  const given = { ...withoutNulls(config), ...(rope ? { rope_theta: rope.rope_theta } : {}) };
  const c = completeSettings('llama', given, { ...SETTINGS, ...(isMistral ? MISTRAL : {}) }, published);
  if (rope && rope.rope_type !== 'default')
    throw new RangeError(`llama: rope_parameters.rope_type: expected "default", got ${JSON.stringify(rope.rope_type)}`);
  const heads = c.num_attention_heads;
  const keys = config.num_key_value_heads ?? (isMistral ? 8 : heads);
  if (heads % keys !== 0) throw new RangeError(`llama: num_attention_heads is ${heads}, not a multiple of num_key_value_heads, ${keys}`);
  const headDim = config.head_dim ?? c.hidden_size / heads;
  if (!Number.isInteger(headDim) || headDim % 2 !== 0)
    throw new RangeError(`llama: head_dim: expected an even whole number, got ${headDim}`);
  return {
    ...c,
    num_key_value_heads: keys,
    head_dim: headDim,
    window: isMistral ? (config.sliding_window === undefined ? 4096 : (config.sliding_window ?? undefined)) : undefined,
    padding: config.pad_token_id ?? undefined,
  };
}

function llamaSpec(config: LlamaConfig): Spec<LlamaParams> {
  const c = completeLlamaConfig(config);
  const { hidden_size: width, intermediate_size: inner, initializer_range: std } = c;
  const [queries, keys] = [c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim];
  const norm = rmsNormSpec(width);
  const inAttention = { std, noBias: !c.attention_bias };
  const inMlp = { std, noBias: !c.mlp_bias };
  const layer: Spec<LayerParams> = {
    input_layernorm: norm,
    self_attn: {
      q_proj: linearSpec(width, queries, inAttention),
      k_proj: linearSpec(width, keys, inAttention),
      v_proj: linearSpec(width, keys, inAttention),
      o_proj: linearSpec(queries, width, inAttention),
    },
    post_attention_layernorm: norm,
    mlp: {
      gate_proj: linearSpec(width, inner, inMlp),
      up_proj: linearSpec(width, inner, inMlp),
      down_proj: linearSpec(inner, width, inMlp),
    },
  };
  return {
    model: { embed_tokens: embeddingSpec(c.vocab_size, width, std), layers: new Array(c.num_hidden_layers).fill(layer), norm },
    ...(c.tie_word_embeddings ? {} : { lm_head: linearSpec(width, c.vocab_size, { std, noBias: true }) }),
  };
}

/** Random weights; the caller disposes the tree. */
export function initLlama(config: LlamaConfig, key: Key): LlamaParams {
  return initialise<LlamaParams>(llamaSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function llamaShapes(config: LlamaConfig): Record<string, number[]> {
  return specShapes(llamaSpec(config));
}

/** A pass of the model. */
export function llama(config: LlamaConfig, params: LlamaParams, inputs: DecoderInputs): DecoderOutput {
  const c = completeLlamaConfig(config);
  const { model, lm_head } = params;
  const times = c.num_attention_heads / c.num_key_value_heads;
  return scope(() => {
    const angles = rotation(inputs.positions, c.head_dim, c.rope_theta);
    const kept: KeptKeys[] = [];
    const hiddenStates = [inputs.embeddings ?? (embedding(inputs.ids, model.embed_tokens.weight, c.padding) as tf.Tensor3D)];
    model.layers.forEach((layer, i) => {
      const x = hiddenStates.at(-1)!;
      const { q_proj, k_proj, v_proj, o_proj } = layer.self_attn;
      const n = rmsNormLayer(layer.input_layernorm, x, c.rms_norm_eps);
      const q = rotate(linearLayer(q_proj, n), c.head_dim, angles);
      kept.push(keepKeys({ k: rotate(linearLayer(k_proj, n), c.head_dim, angles), v: linearLayer(v_proj, n) }, i, inputs));
      const [k, v] = [repeatHeads(kept[i]!.k, c.head_dim, times), repeatHeads(kept[i]!.v, c.head_dim, times)];
      const mixed = attention(q, k, v, { heads: c.num_attention_heads, mask: inputs.scores });
      const h = tf.add(x, linearLayer(o_proj, mixed)) as tf.Tensor3D;
      const m = rmsNormLayer(layer.post_attention_layernorm, h, c.rms_norm_eps);
      const gate = activations[c.hidden_act](linearLayer(layer.mlp.gate_proj, m));
      hiddenStates.push(tf.add(h, linearLayer(layer.mlp.down_proj, tf.mul(gate, linearLayer(layer.mlp.up_proj, m)) as tf.Tensor3D)));
    });
    hiddenStates.push(rmsNormLayer(model.norm, hiddenStates.pop()!, c.rms_norm_eps));
    const last = hiddenStates.at(-1)!;
    return { logits: lm_head ? linearLayer(lm_head, last) : tiedLogits(last, model.embed_tokens.weight), hiddenStates, kept };
  });
}

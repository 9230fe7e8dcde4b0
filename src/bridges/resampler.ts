/**
 * Resamplers: a few learned latents look at any number of an image's states and at each other (Jaegle et al. 2021, arXiv:2103.03206). Idefics2's (Laurençon
 * et al. 2024, arXiv:2405.02246), with grouped heads and RMS norms, and Flamingo's (Alayrac et al. 2022, arXiv:2204.14198), as Idefics has it.
 */

import * as tf from '@tensorflow/tfjs-core';
import { paddingScores } from '../encoders/internal';
import { attention, type Key, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { completeSettings, type Defaults, is, optional } from '../files/internal';
import { type LinearParams, linearLayer, type NormParams, type RmsNormParams, type Spec } from '../nn';
import {
  type ActivationName,
  activationNames,
  activations,
  initialise,
  layerNormLayer,
  linearSpec,
  MOST_LAYERS,
  normSpec,
  repeatHeads,
  rmsNormLayer,
  rmsNormSpec,
  specShapes,
} from '../nn/internal';
import { BRIDGE_NOTES } from './notes';

/** Idefics2PerceiverConfig. */
export interface PerceiverConfig {
  model_type?: 'idefics2_perceiver';
  hidden_size?: number;
  hidden_act?: ActivationName;
  rms_norm_eps?: number;
  resampler_n_latents?: number;
  resampler_depth?: number;
  resampler_n_heads?: number;
  resampler_head_dim?: number;
  /** Heads of keys and values, each for several of the queries. */
  num_key_value_heads?: number;
  initializer_range?: number;
}

type CompletePerceiver = Required<Omit<PerceiverConfig, 'model_type'>>;

type PerceiverLayerParams = {
  input_latents_norm: RmsNormParams;
  input_context_norm: RmsNormParams;
  self_attn: { q_proj: LinearParams; k_proj: LinearParams; v_proj: LinearParams; o_proj: LinearParams };
  post_attention_layernorm: RmsNormParams;
  mlp: { gate_proj: LinearParams; up_proj: LinearParams; down_proj: LinearParams };
};

export type PerceiverParams = {
  /** [latents, C]. */
  latents: tf.Tensor2D;
  layers: PerceiverLayerParams[];
  norm: RmsNormParams;
};

const size = is.whole(1);

const PERCEIVER: Defaults<CompletePerceiver> = {
  hidden_size: optional(size, 4096),
  hidden_act: optional<ActivationName>(is.oneOf(...activationNames), 'silu'),
  rms_norm_eps: optional(is.number(0), 1e-6),
  resampler_n_latents: optional(size, 64),
  resampler_depth: optional(is.whole(1, MOST_LAYERS), 3),
  resampler_n_heads: optional(size, 16),
  resampler_head_dim: optional(size, 96),
  num_key_value_heads: optional(size, 4),
  initializer_range: optional(is.number(0), 0.02),
};

/** Width of a layer inside, in widths of the latents. */
const INNER = 4;

/** @throws RangeError naming the key and its value where the config asks for another network */
function completePerceiver(config: PerceiverConfig): CompletePerceiver {
  const c = completeSettings('perceiver', config, PERCEIVER, { ...BRIDGE_NOTES, model_type: is.oneOf('idefics2_perceiver') });
  const { resampler_n_heads: heads, num_key_value_heads: keys } = c;
  if (heads % keys !== 0) throw new RangeError(`perceiver: resampler_n_heads is ${heads}, not a multiple of num_key_value_heads, ${keys}`);
  return c;
}

function perceiverSpec(c: CompletePerceiver): Spec<PerceiverParams> {
  const { hidden_size: width, resampler_head_dim: head, initializer_range: std } = c;
  const dense = (from: number, to: number): Spec<LinearParams> => linearSpec(from, to, { std, noBias: true });
  const [queries, keys] = [c.resampler_n_heads * head, c.num_key_value_heads * head];
  const layer: Spec<PerceiverLayerParams> = {
    input_latents_norm: rmsNormSpec(width),
    input_context_norm: rmsNormSpec(width),
    self_attn: {
      q_proj: dense(width, queries),
      k_proj: dense(width, keys),
      v_proj: dense(width, keys),
      o_proj: dense(queries, width),
    },
    post_attention_layernorm: rmsNormSpec(width),
    mlp: { gate_proj: dense(width, INNER * width), up_proj: dense(width, INNER * width), down_proj: dense(INNER * width, width) },
  };
  return {
    latents: { shape: [c.resampler_n_latents, width], init: { kind: 'constant', value: 1 } },
    layers: new Array(c.resampler_depth).fill(layer),
    norm: rmsNormSpec(width),
  };
}

/** Random weights, latents of ones, as Idefics2 starts; the caller disposes the tree. */
export function initPerceiver(config: PerceiverConfig, key: Key): PerceiverParams {
  return initialise<PerceiverParams>(perceiverSpec(completePerceiver(config)), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function perceiverShapes(config: PerceiverConfig): Record<string, number[]> {
  return specShapes(perceiverSpec(completePerceiver(config)));
}

/** Latents for each row of a context, [B, latents, C]. */
const forRows = (latents: tf.Tensor2D, rows: number): tf.Tensor3D => tf.tile(tf.reshape(latents, [1, ...latents.shape]), [rows, 1, 1]);

/**
 * @param context states of images, [B, N, hidden_size]
 * @param mask    1 for states that are there, [B, N]; all where left out
 * @returns       [B, latents, hidden_size]; the caller disposes it
 * @throws TypeError where a shape is wrong, RangeError where the config asks for another network
 */
export function perceiver(config: PerceiverConfig, params: PerceiverParams, context: tf.Tensor3D, mask?: tf.Tensor2D): tf.Tensor3D {
  const c = completePerceiver(config);
  const { B } = expectShape('perceiver: context', context, `B N ${c.hidden_size}`) as { B: number };
  const times = c.resampler_n_heads / c.num_key_value_heads;
  return scope(() => {
    const scores = mask && paddingScores(tf.concat([mask, tf.ones([B, c.resampler_n_latents])], 1) as tf.Tensor2D);
    let x = forRows(params.latents, B);
    for (const { self_attn, mlp, ...norms } of params.layers) {
      const latents = rmsNormLayer(norms.input_latents_norm, x, c.rms_norm_eps);
      const seen = tf.concat([rmsNormLayer(norms.input_context_norm, context, c.rms_norm_eps), latents], 1) as tf.Tensor3D;
      const shared = (layer: LinearParams): tf.Tensor3D => repeatHeads(linearLayer(layer, seen), c.resampler_head_dim, times);
      const mixed = attention(linearLayer(self_attn.q_proj, latents), shared(self_attn.k_proj), shared(self_attn.v_proj), {
        heads: c.resampler_n_heads,
        mask: scores,
      });
      const h = tf.add(x, linearLayer(self_attn.o_proj, mixed)) as tf.Tensor3D;
      const m = rmsNormLayer(norms.post_attention_layernorm, h, c.rms_norm_eps);
      const gated = tf.mul(activations[c.hidden_act](linearLayer(mlp.gate_proj, m)), linearLayer(mlp.up_proj, m)) as tf.Tensor3D;
      x = tf.add(h, linearLayer(mlp.down_proj, gated));
    }
    return rmsNormLayer(params.norm, x, c.rms_norm_eps);
  });
}

/** Of Flamingo's resampler. */
export interface FlamingoResamplerConfig {
  readonly embed_dim: number;
  readonly depth: number;
  readonly n_heads: number;
  readonly head_dim: number;
  readonly n_latents: number;
  /** Each head's queries and keys are normalised. */
  readonly qk_layer_norms: boolean;
}

type FlamingoAttentionParams = {
  context_layer_norm: NormParams;
  latents_layer_norm: NormParams;
  q_layer_norm?: NormParams;
  k_layer_norm?: NormParams;
  q_proj: LinearParams;
  k_proj: LinearParams;
  v_proj: LinearParams;
  output_proj: LinearParams;
};

/** `out` is the file's `c_proj`, a name that GPT-2 has for layers that lie the other way round. */
type FlamingoMlpParams = { ln: NormParams; fc: LinearParams; out: LinearParams };

export type FlamingoResamplerParams = {
  /** [latents, C]. */
  latents: tf.Tensor2D;
  blocks: [FlamingoAttentionParams, FlamingoMlpParams][];
  layer_norm: NormParams;
};

/** PyTorch's. */
const EPS = 1e-5;

function flamingoSpec(c: FlamingoResamplerConfig): Spec<FlamingoResamplerParams> {
  const { embed_dim: width, head_dim: head } = c;
  const dense = (from: number, to: number): Spec<LinearParams> => linearSpec(from, to, { noBias: true });
  const inner = c.n_heads * head;
  const block = [
    {
      context_layer_norm: normSpec(width),
      latents_layer_norm: normSpec(width),
      ...(c.qk_layer_norms ? { q_layer_norm: normSpec(head), k_layer_norm: normSpec(head) } : {}),
      q_proj: dense(width, inner),
      k_proj: dense(width, inner),
      v_proj: dense(width, inner),
      output_proj: dense(inner, width),
    },
    { ln: normSpec(width), fc: dense(width, INNER * width), out: dense(INNER * width, width) },
  ];
  return {
    latents: { shape: [c.n_latents, width], init: { kind: 'normal', std: 1 } },
    blocks: new Array(c.depth).fill(block),
    layer_norm: normSpec(width),
  };
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function flamingoResamplerShapes(config: FlamingoResamplerConfig): Record<string, number[]> {
  return specShapes(flamingoSpec(config));
}

/** From the file's key to the tree's. */
export const flamingoResamplerKey = (key: string): string => key.replace('.c_proj.', '.out.');

/**
 * @param context states of images, [B, N, embed_dim]
 * @returns       [B, latents, embed_dim]; the caller disposes it
 * @throws TypeError where the shape is wrong
 */
export function flamingoResampler(c: FlamingoResamplerConfig, params: FlamingoResamplerParams, context: tf.Tensor3D): tf.Tensor3D {
  const { B } = expectShape('flamingo resampler: context', context, `B N ${c.embed_dim}`) as { B: number };
  /** Each head of [B, L, heads · head] by itself. */
  const normHeads = (norm: NormParams | undefined, x: tf.Tensor3D): tf.Tensor3D =>
    norm ? tf.reshape(layerNormLayer(norm, tf.reshape(x, [B, x.shape[1], c.n_heads, c.head_dim]) as tf.Tensor, EPS), x.shape) : x;
  return scope(() => {
    let x = forRows(params.latents, B);
    for (const [ofAttention, mlp] of params.blocks) {
      const latents = layerNormLayer(ofAttention.latents_layer_norm, x, EPS);
      const seen = tf.concat([layerNormLayer(ofAttention.context_layer_norm, context, EPS), latents], 1) as tf.Tensor3D;
      const q = normHeads(ofAttention.q_layer_norm, linearLayer(ofAttention.q_proj, latents));
      const k = normHeads(ofAttention.k_layer_norm, linearLayer(ofAttention.k_proj, seen));
      const mixed = attention(q, k, linearLayer(ofAttention.v_proj, seen), { heads: c.n_heads });
      const h = tf.add(x, linearLayer(ofAttention.output_proj, mixed)) as tf.Tensor3D;
      x = tf.add(h, linearLayer(mlp.out, tf.relu(linearLayer(mlp.fc, layerNormLayer(mlp.ln, h, EPS)))));
    }
    return layerNormLayer(params.layer_norm, x, EPS);
  });
}

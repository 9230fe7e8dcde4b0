/** GPT-2 (Radford et al. 2019), with cross-attention where its config asks for it. */

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
  specShapes,
} from '../nn/internal';
import { DECODER_NOTES } from './notes';
import { type DecoderInputs, type DecoderOutput, type KeptKeys, keepKeys, tiedLogits } from './pass';

/** GPT2Config. */
export interface Gpt2Config {
  model_type: 'gpt2';
  vocab_size?: number;
  n_positions?: number;
  n_embd?: number;
  n_layer?: number;
  n_head?: number;
  /** 4 · n_embd by default. */
  n_inner?: number | null;
  activation_function?: ActivationName;
  layer_norm_epsilon?: number;
  /** Whether layers attend to a context too. */
  add_cross_attention?: boolean;
  initializer_range?: number;
}

type LayerParams = {
  ln_1: NormParams;
  /** Queries, keys and values in one. */
  attn: { c_attn: LinearParams; c_proj: LinearParams };
  ln_cross_attn?: NormParams;
  /** Keys and values of the context in one. */
  crossattention?: { q_attn: LinearParams; c_attn: LinearParams; c_proj: LinearParams };
  ln_2: NormParams;
  mlp: { c_fc: LinearParams; c_proj: LinearParams };
};

export type Gpt2Params = { transformer: { wte: EmbeddingParams; wpe: EmbeddingParams; h: LayerParams[]; ln_f: NormParams } };

type Settings = Required<Omit<Gpt2Config, 'n_inner'>>;
const size = is.whole(1);

const SETTINGS: Defaults<Settings> = {
  model_type: optional<'gpt2'>(is.oneOf('gpt2'), 'gpt2'),
  vocab_size: optional(size, 50257),
  n_positions: optional(size, 1024),
  n_embd: optional(size, 768),
  n_layer: optional(is.whole(1, MOST_LAYERS), 12),
  n_head: optional(size, 12),
  activation_function: optional<ActivationName>(is.oneOf(...activationNames), 'gelu_new'),
  layer_norm_epsilon: optional(is.number(0), 1e-5),
  add_cross_attention: optional(is.flag, false),
  initializer_range: optional(is.number(0), 0.02),
};

/** @throws RangeError naming the key and its value where the config asks for another network */
export function completeGpt2Config(config: Gpt2Config): Settings & { readonly inner: number } {
  const published = {
    ...DECODER_NOTES,
    n_inner: size,
    scale_attn_weights: is.oneOf(true),
    scale_attn_by_inverse_layer_idx: is.oneOf(false),
    reorder_and_upcast_attn: is.anything,
    tie_word_embeddings: is.oneOf(true),
  };
  const c = completeSettings('gpt2', withoutNulls(config), SETTINGS, published);
  if (c.n_embd % c.n_head !== 0) throw new RangeError(`gpt2: n_embd is ${c.n_embd}, not a multiple of n_head, ${c.n_head}`);
  return { ...c, inner: config.n_inner ?? 4 * c.n_embd };
}

function gpt2Spec(config: Gpt2Config): Spec<Gpt2Params> {
  const { n_embd: width, inner, initializer_range: std, ...c } = completeGpt2Config(config);
  const dense = (from: number, to: number): Spec<LinearParams> => linearSpec(from, to, { std });
  const cross = {
    ln_cross_attn: normSpec(width),
    crossattention: { q_attn: dense(width, width), c_attn: dense(width, 2 * width), c_proj: dense(width, width) },
  };
  const layer: Spec<LayerParams> = {
    ln_1: normSpec(width),
    attn: { c_attn: dense(width, 3 * width), c_proj: dense(width, width) },
    ...(c.add_cross_attention ? cross : {}),
    ln_2: normSpec(width),
    mlp: { c_fc: dense(width, inner), c_proj: dense(inner, width) },
  };
  return {
    transformer: {
      wte: embeddingSpec(c.vocab_size, width, std),
      wpe: embeddingSpec(c.n_positions, width, std),
      h: new Array(c.n_layer).fill(layer),
      ln_f: normSpec(width),
    },
  };
}

/** Random weights; the caller disposes the tree. */
export function initGpt2(config: Gpt2Config, key: Key): Gpt2Params {
  return initialise<Gpt2Params>(gpt2Spec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function gpt2Shapes(config: Gpt2Config): Record<string, number[]> {
  return specShapes(gpt2Spec(config));
}

/** A pass of the model. */
export function gpt2(config: Gpt2Config, params: Gpt2Params, inputs: DecoderInputs): DecoderOutput {
  const c = completeGpt2Config(config);
  const { wte, wpe, h: layers, ln_f } = params.transformer;
  const { context, contextScores } = inputs;
  const norm = (p: NormParams, x: tf.Tensor3D): tf.Tensor3D => layerNormLayer(p, x, c.layer_norm_epsilon);
  return scope(() => {
    const kept: KeptKeys[] = [];
    const hiddenStates = [tf.add(embedding(inputs.ids, wte.weight), embedding(inputs.positions, wpe.weight)) as tf.Tensor3D];
    layers.forEach((layer, i) => {
      let x = hiddenStates.at(-1)!;
      const [q, k, v] = tf.split(linearLayer(layer.attn.c_attn, norm(layer.ln_1, x)), 3, 2) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
      kept.push(keepKeys({ k, v }, i, inputs));
      const mixed = attention(q, kept[i]!.k, kept[i]!.v, { heads: c.n_head, mask: inputs.scores });
      x = tf.add(x, linearLayer(layer.attn.c_proj, mixed));
      if (layer.crossattention && layer.ln_cross_attn && context) {
        const { q_attn, c_attn, c_proj } = layer.crossattention;
        const [ck, cv] = tf.split(linearLayer(c_attn, context), 2, 2) as [tf.Tensor3D, tf.Tensor3D];
        const seen = attention(linearLayer(q_attn, norm(layer.ln_cross_attn, x)), ck, cv, { heads: c.n_head, mask: contextScores });
        x = tf.add(x, linearLayer(c_proj, seen));
      }
      const inner = activations[c.activation_function](linearLayer(layer.mlp.c_fc, norm(layer.ln_2, x)));
      hiddenStates.push(tf.add(x, linearLayer(layer.mlp.c_proj, inner)));
    });
    hiddenStates.push(norm(ln_f, hiddenStates.pop()!));
    return { logits: tiedLogits(hiddenStates.at(-1)!, wte.weight), hiddenStates, kept };
  });
}

/** R2Gen (Chen et al. 2020, arXiv:2010.16056): a transformer that reads an image's places and writes a report, with a relational memory; key names of its files. */

import * as tf from '@tensorflow/tfjs-core';
import { embedding, type Key, scope } from '../../engine';
import { expectShape } from '../../engine/internal';
import { type EmbeddingParams, type LinearParams, linearLayer, type Spec } from '../../nn';
import { initialise, linearSpec, specShapes } from '../../nn/internal';
import type { LanguageModel } from '../language-model';
import { type DecoderInputs, type DecoderOutput, type KeptKeys, keepKeys } from '../pass';
import { type CompleteR2GenConfig, completeR2GenConfig, type R2GenConfig } from './config';
import {
  feedForward,
  headed,
  headedSpec,
  keysOf,
  type R2GenAttentionParams,
  type R2GenFeedForwardParams,
  type StdNormParams,
  stdNorm,
  stdNormSpec,
  xavierSpec,
} from './layers';
import {
  type ConditionalNormParams,
  conditionalNorm,
  conditionalNormSpec,
  firstMemory,
  type MemoryShape,
  type RelationalMemoryParams,
  relationalMemory,
  relationalMemorySpec,
} from './relational-memory';

export type R2GenEncoderLayerParams = {
  self_attn: R2GenAttentionParams;
  feed_forward: R2GenFeedForwardParams;
  sublayer: { norm: StdNormParams }[];
};
export type R2GenDecoderLayerParams = {
  self_attn: R2GenAttentionParams;
  src_attn: R2GenAttentionParams;
  feed_forward: R2GenFeedForwardParams;
  sublayer: { norm: ConditionalNormParams }[];
};

export type R2GenParams = {
  /** From the places' channels to the model's, before a ReLU. */
  att_embed: [LinearParams];
  model: {
    encoder: { layers: R2GenEncoderLayerParams[]; norm: StdNormParams };
    decoder: { layers: R2GenDecoderLayerParams[]; norm: StdNormParams };
    tgt_embed: [{ lut: EmbeddingParams }];
    rm: RelationalMemoryParams;
  };
  logit: LinearParams;
};

const memoryShape = (c: CompleteR2GenConfig): MemoryShape => ({ slots: c.rm_num_slots, width: c.d_model, heads: c.rm_num_heads });

function r2genSpec(config: R2GenConfig): Spec<R2GenParams> {
  const c = completeR2GenConfig(config);
  const width = c.d_model;
  const feed = (): Spec<R2GenFeedForwardParams> => ({ w_1: xavierSpec(width, c.d_ff), w_2: xavierSpec(c.d_ff, width) });
  const layers = <T>(layer: () => T): T[] => Array.from({ length: c.num_layers }, layer);
  return {
    att_embed: [linearSpec(c.d_vf, width)],
    model: {
      encoder: {
        layers: layers(() => ({
          self_attn: headedSpec(width),
          feed_forward: feed(),
          sublayer: [{ norm: stdNormSpec(width) }, { norm: stdNormSpec(width) }],
        })),
        norm: stdNormSpec(width),
      },
      decoder: {
        layers: layers(() => ({
          self_attn: headedSpec(width),
          src_attn: headedSpec(width),
          feed_forward: feed(),
          sublayer: Array.from({ length: 3 }, () => ({ norm: conditionalNormSpec(memoryShape(c)) })),
        })),
        norm: stdNormSpec(width),
      },
      tgt_embed: [
        { lut: { weight: { shape: [c.vocab_size, width], init: { kind: 'uniform', bound: Math.sqrt(6 / (c.vocab_size + width)) } } } },
      ],
      rm: relationalMemorySpec(memoryShape(c)),
    },
    logit: linearSpec(width, c.vocab_size),
  };
}

/** Random weights, as R2Gen starts; the caller disposes the tree. */
export const initR2Gen = (config: R2GenConfig, key: Key): R2GenParams => initialise<R2GenParams>(r2genSpec(config), key);

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export const r2genShapes = (config: R2GenConfig): Record<string, number[]> => specShapes(r2genSpec(config));

/**
 * The encoder: what the decoder attends to.
 *
 * @param places  [B, P, d_vf]
 * @param dropped factors of the places' vectors, 0 or above 1, [B, P, d_model]: R2Gen drops half of them in training
 * @returns       [B, P, d_model]; the caller disposes it
 */
export function r2genEncode(config: R2GenConfig, params: R2GenParams, places: tf.Tensor3D, dropped?: tf.Tensor3D): tf.Tensor3D {
  const c = completeR2GenConfig(config);
  expectShape('r2gen: places', places, `B P ${c.d_vf}`);
  const { layers, norm } = params.model.encoder;
  return scope(() => {
    const embedded = tf.relu(linearLayer(params.att_embed[0], places));
    let x = dropped ? (tf.mul(embedded, dropped) as tf.Tensor3D) : embedded;
    for (const { self_attn, feed_forward, sublayer } of layers) {
      const h = stdNorm(sublayer[0]!.norm, x);
      x = tf.add(x, headed(self_attn, h, keysOf(self_attn, h), c.num_heads));
      x = tf.add(x, feedForward(feed_forward, stdNorm(sublayer[1]!.norm, x)));
    }
    return stdNorm(norm, x);
  });
}

/** Sines and cosines of positions (Vaswani et al. 2017, section 3.5), [positions, width]; the caller disposes it. */
function positionTable(positions: number, width: number): tf.Tensor2D {
  const values = new Float32Array(positions * width);
  for (let p = 0; p < positions; p++)
    for (let i = 0; i < width; i++) {
      const angle = p * Math.exp((-Math.log(10_000) * (i - (i % 2))) / width);
      values[p * width + i] = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  return tf.tensor2d(values, [positions, width]);
}

/**
 * A pass of the decoder. Its memory goes from pass to pass as `state`.
 *
 * @param inputs with what `r2genEncode` gave as context
 */
export function r2genDecode(config: R2GenConfig, params: R2GenParams, inputs: DecoderInputs): DecoderOutput {
  const c = completeR2GenConfig(config);
  const { decoder, tgt_embed, rm } = params.model;
  const { ids, positions, scores, context, contextScores } = inputs;
  if (!context) throw new TypeError('r2gen: context: expected what the encoder gives, got none');
  const [B, L] = ids.shape;
  return scope(() => {
    const words = tf.mul(embedding(ids, tgt_embed[0].lut.weight), Math.sqrt(c.d_model));
    const embedded = tf.add(words, embedding(positions, positionTable(c.max_seq_length, c.d_model))) as tf.Tensor3D;
    const memory = relationalMemory(memoryShape(c), rm, embedded, inputs.state ?? firstMemory(memoryShape(c), B));
    const hiddenStates = [embedded];
    const kept: KeptKeys[] = [];
    decoder.layers.forEach(({ self_attn, src_attn, feed_forward, sublayer }, i) => {
      let x = hiddenStates.at(-1)!;
      const h = conditionalNorm(sublayer[0]!.norm, x, memory);
      kept.push(keepKeys(keysOf(self_attn, h), i, inputs));
      x = tf.add(x, headed(self_attn, h, kept[i]!, c.num_heads, scores));
      const asking = conditionalNorm(sublayer[1]!.norm, x, memory);
      x = tf.add(x, headed(src_attn, asking, keysOf(src_attn, context), c.num_heads, contextScores));
      hiddenStates.push(tf.add(x, feedForward(feed_forward, conditionalNorm(sublayer[2]!.norm, x, memory))));
    });
    const last = stdNorm(decoder.norm, hiddenStates.pop()!);
    const state = tf.reshape(tf.slice(memory, [0, L - 1, 0], [B, 1, memory.shape[2]]), [B, memory.shape[2]]) as tf.Tensor2D;
    return { logits: linearLayer(params.logit, last), hiddenStates: [...hiddenStates, last], kept, state };
  });
}

/** The decoder as a language model, which `generate` runs: prompts hold the mark of the beginning, and what `r2genEncode` gave as context. */
export function r2genWriter(config: R2GenConfig, params: R2GenParams): LanguageModel<R2GenParams> {
  const c = completeR2GenConfig(config);
  const facts = {
    vocabulary: c.vocab_size,
    layers: c.num_layers,
    keyWidth: c.d_model,
    headSize: c.d_model / c.num_heads,
    longest: c.max_seq_length,
  };
  return {
    config,
    params,
    facts,
    firstState: (rows) => firstMemory(memoryShape(c), rows),
    forward: (weights, inputs) => r2genDecode(config, weights, inputs),
  };
}

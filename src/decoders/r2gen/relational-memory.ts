/**
 * A memory of what was written so far, and a layer norm that follows from it (Chen et al. 2020, arXiv:2010.16056, sections 2.3 and 2.4): reports say the same things in
 * the same patterns.
 */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../engine';
import { type LinearParams, linearLayer, type Spec } from '../../nn';
import {
  headed,
  headedSpec,
  keysOf,
  mlp,
  type R2GenAttentionParams,
  type R2GenMlpParams,
  type StdNormParams,
  standardised,
  stdNormSpec,
  xavierSpec,
} from './layers';

export type RelationalMemoryParams = {
  attn: R2GenAttentionParams;
  /** Linear, ReLU, linear, ReLU. */
  mlp: R2GenMlpParams;
  /** Input and forget gate, of what comes in and of the memory: [C, 2C]. */
  W: LinearParams;
  U: LinearParams;
};

export interface MemoryShape {
  readonly slots: number;
  /** Of a slot, which is that of the tokens' vectors. */
  readonly width: number;
  readonly heads: number;
}

export function relationalMemorySpec({ width }: MemoryShape): Spec<RelationalMemoryParams> {
  return {
    attn: headedSpec(width),
    mlp: [xavierSpec(width, width), undefined, xavierSpec(width, width)],
    W: xavierSpec(width, 2 * width),
    U: xavierSpec(width, 2 * width),
  };
}

/** The memory before the first token: each slot a unit vector, [rows, slots · width]; the caller disposes it. */
export function firstMemory({ slots, width }: MemoryShape, rows: number): tf.Tensor2D {
  return scope(() => tf.tile(tf.reshape(tf.eye(slots, width), [1, slots * width]), [rows, 1]) as tf.Tensor2D);
}

/**
 * The memory after each of some tokens (equations 3 to 9): slots attend to one another and to the token, and gates say what of that is kept.
 *
 * @param inputs vectors of the tokens, [B, L, width]
 * @param before the memory before the first of them, [B, slots · width]
 * @returns      [B, L, slots · width]; the caller disposes it
 */
export function relationalMemory(
  { slots, width, heads }: MemoryShape,
  params: RelationalMemoryParams,
  inputs: tf.Tensor3D,
  before: tf.Tensor2D,
): tf.Tensor3D {
  const [B, L] = inputs.shape;
  return scope(() => {
    const fresh = keysOf(params.attn, inputs);
    const gatesOfInputs = linearLayer(params.W, inputs);
    const at = (x: tf.Tensor3D, i: number): tf.Tensor3D => tf.slice(x, [0, i, 0], [B, 1, x.shape[2]]);
    let memory = tf.reshape(before, [B, slots, width]) as tf.Tensor3D;
    const after: tf.Tensor2D[] = [];
    for (let i = 0; i < L; i++) {
      const own = keysOf(params.attn, memory);
      const seen = { k: tf.concat([own.k, at(fresh.k, i)], 1) as tf.Tensor3D, v: tf.concat([own.v, at(fresh.v, i)], 1) as tf.Tensor3D };
      const attended = tf.add(memory, headed(params.attn, memory, seen, heads)) as tf.Tensor3D;
      const candidate = tf.add(attended, tf.relu(mlp(params.mlp, attended)));
      const gates = tf.sigmoid(tf.add(at(gatesOfInputs, i), linearLayer(params.U, tf.tanh(memory))));
      const [input, forget] = tf.split(gates, 2, 2) as [tf.Tensor3D, tf.Tensor3D];
      memory = tf.add(tf.mul(input, tf.tanh(candidate)), tf.mul(forget, memory)) as tf.Tensor3D;
      after.push(tf.reshape(memory, [B, slots * width]) as tf.Tensor2D);
    }
    return tf.stack(after, 1) as tf.Tensor3D;
  });
}

/** What the memory adds to scale and shift. */
export type ConditionalNormParams = StdNormParams & { mlp_gamma: R2GenMlpParams; mlp_beta: R2GenMlpParams };

export function conditionalNormSpec({ slots, width }: MemoryShape): Spec<ConditionalNormParams> {
  const ofMemory = (): Spec<R2GenMlpParams> => [xavierSpec(slots * width, width, 0.1), undefined, xavierSpec(width, width, 0.1)];
  return { ...stdNormSpec(width), mlp_gamma: ofMemory(), mlp_beta: ofMemory() };
}

/**
 * Memory-driven conditional layer norm (equations 10 to 14).
 *
 * @param x      [B, L, width]
 * @param memory of each token, [B, L, slots · width]
 * @returns      [B, L, width]; the caller disposes it
 */
export function conditionalNorm(params: ConditionalNormParams, x: tf.Tensor3D, memory: tf.Tensor3D): tf.Tensor3D {
  return scope(() => {
    const gamma = tf.add(params.gamma, mlp(params.mlp_gamma, memory));
    const beta = tf.add(params.beta, mlp(params.mlp_beta, memory));
    return tf.add(tf.mul(standardised(x), gamma), beta) as tf.Tensor3D;
  });
}

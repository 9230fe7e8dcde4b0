/**
 * Attention in linear time (Katharopoulos et al. 2020, arXiv:2006.16236; Choromanski et al. 2021, arXiv:2009.14794): with features φ of queries and keys,
 * position i has φ(q_i) S / φ(q_i) z, where S = Σ φ(k_j) v_jᵀ and z = Σ φ(k_j). All positions are in the sums, or those up to i.
 */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectShape } from '../engine/internal';

/** Added to each key sum of causal attention before the product, as performer-pytorch has it. */
const FLOOR = 1e-6;
/** Positions that are compared with each other; between chunks go sums alone. */
const CHUNK = 64;

/** What causal attention keeps of all positions so far, whatever their number. */
export type LinearAttentionState = {
  /** S, [B, heads, m, d]. */
  products: tf.Tensor4D;
  /** z, [B, heads, m]. */
  keys: tf.Tensor3D;
};

/** Sizes of features and values that belong together. */
function expectFeatures(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
): { B: number; heads: number; L: number; m: number; d: number } {
  const [B, heads, , m] = query.shape;
  const [, , L] = key.shape;
  expectShape('linearAttention: query features', query, 'B heads Q m');
  expectShape('linearAttention: key features', key, `${B} ${heads} L ${m}`);
  expectShape('linearAttention: values', value, `${B} ${heads} ${L} d`);
  return { B, heads, L, m, d: value.shape[3] };
}

/**
 * Every query attends to every key.
 *
 * @param query features, [B, heads, Q, m]
 * @param key   features, [B, heads, L, m]
 * @param value [B, heads, L, d]
 * @returns     [B, heads, Q, d]; the caller disposes it
 */
export function linearAttention(query: tf.Tensor4D, key: tf.Tensor4D, value: tf.Tensor4D): tf.Tensor4D {
  expectFeatures(query, key, value);
  return scope(() => {
    const products = tf.matMul(key, value, true);
    const weight = tf.matMul(query, tf.sum(key, 2, true), false, true);
    return tf.div(tf.matMul(query, products), weight) as tf.Tensor4D;
  });
}

/**
 * Every query attends to its own position and those before. Positions of a chunk are compared with each other; what lies before it is in sums: memory
 * and time grow with L · (chunk + m), not with L².
 *
 * @param query features, [B, heads, L, m]
 * @param key   features, the same shape
 * @param value [B, heads, L, d]
 * @param chunk positions; the result is the same for each number
 * @returns     [B, heads, L, d]; the caller disposes it
 */
export function causalLinearAttention(query: tf.Tensor4D, key: tf.Tensor4D, value: tf.Tensor4D, chunk: number = CHUNK): tf.Tensor4D {
  const { B, heads, L, m, d } = expectFeatures(query, key, value);
  if (query.shape[2] !== L) throw new TypeError(`causalLinearAttention: expected as many queries as keys, got ${query.shape[2]} and ${L}`);
  const size = Math.min(chunk, L);
  const chunks = Math.ceil(L / size);
  const missing = chunks * size - L;
  return scope(() => {
    /** [B heads, chunks, size, n]; positions beyond the last are 0 and add nothing. */
    const cut = (x: tf.Tensor4D, n: number): tf.Tensor4D => {
      const whole = missing > 0 ? tf.pad(x, [[0, 0], [0, 0], [0, missing], [0, 0]]) : x; // biome-ignore format: pairs by axis
      return tf.reshape(whole, [B * heads, chunks, size, n]);
    };
    const [q, k, v] = [cut(query, m), cut(key, m), cut(value, d)] as const;
    /** The sum over the chunks before each: a product, as tfjs's cumulative sum has no gradient along an inner axis. */
    const before = (x: tf.Tensor): tf.Tensor => {
      const [, , ...inner] = x.shape;
      return tf.reshape(tf.matMul(lowerTriangle(chunks, -1), tf.reshape(x, [B * heads, chunks, -1])), [B * heads, chunks, ...inner]);
    };
    const products = before(tf.matMul(k, v, true)); // [B heads, chunks, m, d]
    const keys = before(tf.sum(k, 2, true)); // [B heads, chunks, 1, m]
    const within = tf.mul(tf.matMul(q, k, false, true), lowerTriangle(size)); // [B heads, chunks, size, size]
    const weighted = tf.add(tf.matMul(q, products), tf.matMul(within, v));
    const weight = tf.add(tf.matMul(q, tf.add(keys, FLOOR), false, true), tf.sum(within, 3, true));
    // A position beyond the last has no weight at all, and no part in the result.
    const safe = missing > 0 ? tf.add(weight, beyond(L, chunks, size)) : weight;
    const out = tf.reshape(tf.div(weighted, safe), [B, heads, chunks * size, d]) as tf.Tensor4D;
    return missing > 0 ? tf.slice(out, [0, 0, 0, 0], [B, heads, L, d]) : out;
  });
}

/** 1 where column - row is at most `diagonal`, else 0, [n, n]. */
function lowerTriangle(n: number, diagonal: number = 0): tf.Tensor2D {
  return tf.tensor2d(
    Float32Array.from({ length: n * n }, (_, i) => ((i % n) - Math.floor(i / n) <= diagonal ? 1 : 0)),
    [n, n],
  );
}

/** 1 at the positions from L on, else 0, [1, chunks, size, 1]. */
function beyond(L: number, chunks: number, size: number): tf.Tensor4D {
  return tf.tensor4d(
    Float32Array.from({ length: chunks * size }, (_, i) => (i < L ? 0 : 1)),
    [1, chunks, size, 1],
  );
}

/** Nothing seen yet; the caller disposes it. */
export function emptyLinearAttention(B: number, heads: number, m: number, d: number): LinearAttentionState {
  return { products: tf.zeros([B, heads, m, d]), keys: tf.zeros([B, heads, m]) };
}

/**
 * Further positions after those of a state, as `causalLinearAttention` would have them: for decoding, in constant memory.
 *
 * @param state borrowed
 * @param query features, [B, heads, n, m], n positions, mostly one; key and value alike
 * @returns     what the positions get, [B, heads, n, d], and the state after them; the caller disposes both
 */
export function continueLinearAttention(
  state: LinearAttentionState,
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
): { out: tf.Tensor4D; state: LinearAttentionState } {
  const { L } = expectFeatures(query, key, value);
  return scope(() => {
    const within = tf.mul(tf.matMul(query, key, false, true), lowerTriangle(L));
    const weighted = tf.add(tf.matMul(query, state.products), tf.matMul(within, value));
    const sums = tf.expandDims(tf.add(state.keys, FLOOR), 2);
    const weight = tf.add(tf.matMul(query, sums, false, true), tf.sum(within, 3, true));
    return {
      out: tf.div(weighted, weight) as tf.Tensor4D,
      state: {
        products: tf.add(state.products, tf.matMul(key, value, true)) as tf.Tensor4D,
        keys: tf.add(state.keys, tf.sum(key, 2)) as tf.Tensor3D,
      },
    };
  });
}

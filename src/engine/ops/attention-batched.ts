/** Attention as batched matrix products over [B, heads]: for TensorFlow, and for small heads on wasm. */

import * as tf from '@tensorflow/tfjs-core';

/** What one form of attention needs, checked. */
export interface AttentionGeometry {
  readonly heads: number;
  readonly scale: number;
}

export interface AttentionGradients {
  readonly dq: tf.Tensor;
  readonly dk: tf.Tensor;
  readonly dv: tf.Tensor;
  /** Of the scores before the softmax, [B, heads, Lq, Lk], if they were asked for. */
  readonly dScores?: tf.Tensor;
}

/** [B, L, heads · D] to [B, heads, L, D], or to [B, heads, D, L]. */
export function splitHeads(x: tf.Tensor3D, heads: number, transposed = false): tf.Tensor4D {
  const [batch, length, width] = x.shape;
  return tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), transposed ? [0, 2, 3, 1] : [0, 2, 1, 3]);
}

/** [B, heads, L, D] to [B, L, heads · D]. */
function joinHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [batch, heads, length, width] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, length, heads * width]);
}

/** Forward: saves what `attendGradient` needs. */
export function attend(
  q: tf.Tensor3D,
  k: tf.Tensor3D,
  v: tf.Tensor3D,
  mask: tf.Tensor | undefined,
  { heads, scale }: AttentionGeometry,
  keep: (tensors: tf.Tensor[]) => void,
): tf.Tensor3D {
  // The scale goes to the queries: they are smaller than the scores.
  const [queries, keys, values] = [splitHeads(tf.mul(q, scale), heads), splitHeads(k, heads, true), splitHeads(v, heads)];
  const product = tf.matMul(queries, keys); // [B, heads, Lq, Lk]
  const weights = tf.softmax(mask ? tf.add(product, mask) : product);
  const out = tf.matMul(weights, values) as tf.Tensor4D; // [B, heads, Lq, D]
  keep([queries, keys, values, weights, out]);
  return joinHeads(out);
}

/** Backward, from what `attend` saved. */
export function attendGradient(
  dy: tf.Tensor3D,
  saved: tf.Tensor[],
  { heads, scale }: AttentionGeometry,
  withScores: boolean,
): AttentionGradients {
  const [queries, keys, values, weights, out] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const dOut = splitHeads(dy, heads);
  const dWeights = tf.matMul(dOut, values, false, true) as tf.Tensor4D;
  // The softmax's own gradient; the row sums of dWeights · weights are those of dOut · out, which is much smaller.
  const dScores = tf.mul(tf.sub(dWeights, tf.sum(tf.mul(dOut, out), 3, true)), weights) as tf.Tensor4D;
  return {
    dq: tf.mul(joinHeads(tf.matMul(dScores, keys, false, true) as tf.Tensor4D), scale),
    dk: joinHeads(tf.matMul(dScores, queries, true, false) as tf.Tensor4D),
    dv: joinHeads(tf.matMul(weights, dOut, true, false) as tf.Tensor4D),
    ...(withScores ? { dScores } : {}),
  };
}

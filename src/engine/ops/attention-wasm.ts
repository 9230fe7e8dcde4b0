/** Attention as one plain matrix product for each image and head: tfjs-backend-wasm is fast at nothing else. */

import * as tf from '@tensorflow/tfjs-core';
import type { AttentionGeometry, AttentionGradients } from './attention-tensorflow';
import { matmul2d } from './primitives';

/** [B, L, heads · D] to B · heads matrices [L, D]. */
function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor2D[] {
  const [batch, length, width] = x.shape;
  const ordered = tf.reshape(tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]), [
    batch * heads * length,
    width / heads,
  ]);
  return Array.from({ length: batch * heads }, (_, i) => tf.slice(ordered, [i * length, 0], [length, width / heads]) as tf.Tensor2D);
}

/** B · heads matrices [L, D] to [B, L, heads · D]. */
function joinHeads(matrices: readonly tf.Tensor2D[], heads: number): tf.Tensor3D {
  const [length, width] = matrices[0]!.shape;
  const batch = matrices.length / heads;
  const ordered = tf.reshape(tf.concat([...matrices], 0), [batch, heads, length, width]);
  return tf.reshape(tf.transpose(ordered, [0, 2, 1, 3]), [batch, length, heads * width]);
}

/** Forward: keeps what `attendGradient` needs. */
export function attend(
  q: tf.Tensor3D,
  k: tf.Tensor3D,
  v: tf.Tensor3D,
  mask: tf.Tensor | undefined,
  { heads, scale }: AttentionGeometry,
  keep: (tensors: tf.Tensor[]) => void,
): tf.Tensor3D {
  const [batch, queryLength] = q.shape;
  const keyLength = k.shape[1];
  const [queries, keys, values] = [splitHeads(tf.mul(q, scale), heads), splitHeads(k, heads), splitHeads(v, heads)];
  const products = queries.map((query, i) => matmul2d(query, keys[i]!, false, true));
  const scores = tf.reshape(tf.concat(products, 0), [batch, heads, queryLength, keyLength]);
  const weights = tf.softmax(mask ? tf.add(scores, mask) : scores) as tf.Tensor4D;
  const parts = matrices(weights);
  const out = joinHeads(
    parts.map((part, i) => matmul2d(part, values[i]!)),
    heads,
  );
  keep([q, k, v, weights]);
  return out;
}

/** [B, heads, Lq, Lk] as B · heads matrices. */
function matrices(x: tf.Tensor4D): tf.Tensor2D[] {
  const [batch, heads, height, width] = x.shape;
  const flat = tf.reshape(x, [batch * heads * height, width]);
  return Array.from({ length: batch * heads }, (_, i) => tf.slice(flat, [i * height, 0], [height, width]) as tf.Tensor2D);
}

/** Backward, from what `attend` kept. */
export function attendGradient(dy: tf.Tensor3D, kept: tf.Tensor[], { heads, scale }: AttentionGeometry): AttentionGradients {
  const [q, k, v, weights] = kept as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor4D];
  const [queries, keys, values] = [splitHeads(tf.mul(q, scale), heads), splitHeads(k, heads), splitHeads(v, heads)];
  const dOut = splitHeads(dy, heads);
  const parts = matrices(weights);
  const dv = dOut.map((d, i) => matmul2d(parts[i]!, d, true, false));
  const dWeights = tf.reshape(
    tf.concat(
      dOut.map((d, i) => matmul2d(d, values[i]!, false, true)),
      0,
    ),
    weights.shape,
  );
  const weighted = tf.mul(dWeights, weights);
  const dScores = tf.sub(weighted, tf.mul(weights, tf.sum(weighted, 3, true))) as tf.Tensor4D;
  const slices = matrices(dScores);
  const dq = slices.map((slice, i) => matmul2d(slice, keys[i]!));
  const dk = slices.map((slice, i) => matmul2d(slice, queries[i]!, true, false));
  return { dq: tf.mul(joinHeads(dq, heads), scale), dk: joinHeads(dk, heads), dv: joinHeads(dv, heads), dScores };
}

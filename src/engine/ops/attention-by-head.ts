/**
 * Attention as one plain matrix product for each image and head: tfjs-backend-wasm is fast at no other product. Its slices copy their whole source
 * first, so that the large matrices of weights are never joined and taken apart.
 */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../memory';
import type { AttentionGeometry, AttentionGradients } from './attention-batched';

/** [B, L, heads · D] to B · heads matrices [L, D]. */
function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor2D[] {
  const [batch, length, width] = x.shape;
  const apart = tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
  const ordered = tf.reshape(apart, [batch * heads * length, width / heads]);
  return Array.from({ length: batch * heads }, (_, i) => tf.slice(ordered, [i * length, 0], [length, width / heads]) as tf.Tensor2D);
}

/** B · heads matrices [L, D] to [B, L, heads · D]. */
function joinHeads(matrices: readonly tf.Tensor2D[], heads: number): tf.Tensor3D {
  const [length, width] = matrices[0]!.shape;
  const batch = matrices.length / heads;
  const ordered = tf.reshape(tf.concat([...matrices], 0), [batch, heads, length, width]);
  return tf.reshape(tf.transpose(ordered, [0, 2, 1, 3]), [batch, length, heads * width]);
}

/** The part of a mask that matrix number i sees: [Lq or 1, Lk or 1]. */
function maskOf(mask: tf.Tensor, heads: number): (i: number) => tf.Tensor2D {
  const [images, some, height, width] = [...new Array<number>(4 - mask.rank).fill(1), ...mask.shape] as [number, number, number, number];
  const flat = tf.reshape(mask, [images * some * height, width]);
  const parts = Array.from({ length: images * some }, (_, i) => tf.slice(flat, [i * height, 0], [height, width]) as tf.Tensor2D);
  return (i) => parts[(images === 1 ? 0 : Math.floor(i / heads)) * some + (some === 1 ? 0 : i % heads)]!;
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
  const [queries, keys, values] = [splitHeads(tf.mul(q, scale), heads), splitHeads(k, heads), splitHeads(v, heads)];
  const part = mask && maskOf(mask, heads);
  const weights = queries.map((query, i) =>
    scope(() => {
      const product = tf.matMul(query, tf.transpose(keys[i]!)); // [Lq, Lk]
      return tf.softmax(part ? tf.add(product, part(i)) : product) as tf.Tensor2D;
    }),
  );
  const outs = weights.map((weight, i) => tf.matMul(weight, values[i]!) as tf.Tensor2D); // [Lq, D]
  keep([q, k, v, ...weights, ...outs]);
  return joinHeads(outs, heads);
}

/** Backward, from what `attend` saved. */
export function attendGradient(
  dy: tf.Tensor3D,
  saved: tf.Tensor[],
  { heads, scale }: AttentionGeometry,
  withScores: boolean,
): AttentionGradients {
  const [q, k, v] = saved as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const count = dy.shape[0] * heads;
  const weights = saved.slice(3, 3 + count) as tf.Tensor2D[];
  const outs = saved.slice(3 + count) as tf.Tensor2D[];
  const [queries, keys, values] = [splitHeads(tf.mul(q, scale), heads), splitHeads(k, heads), splitHeads(v, heads)];
  const dScores: tf.Tensor2D[] = [];
  const parts = splitHeads(dy, heads).map((dOut, i) =>
    scope(() => {
      const weight = weights[i]!;
      // The softmax's own gradient, weights · (dOut vT - row sums of dOut · out): a further column in the product subtracts the row sums.
      const sums = tf.sum(tf.mul(dOut, outs[i]!), 1, true);
      const value = tf.transpose(tf.concat([values[i]!, tf.ones([values[i]!.shape[0], 1])], 1));
      const dScore = tf.mul(tf.matMul(tf.concat([dOut, tf.neg(sums)], 1), value), weight);
      // Transposing the narrow factor and the narrow result spares transposing the [Lq, Lk] matrices.
      const dv = tf.transpose(tf.matMul(tf.transpose(dOut), weight));
      const dk = tf.transpose(tf.matMul(tf.transpose(queries[i]!), dScore));
      return { dq: tf.matMul(dScore, keys[i]!), dk, dv, ...(withScores ? { dScore } : {}) };
    }),
  ) as { dq: tf.Tensor2D; dk: tf.Tensor2D; dv: tf.Tensor2D; dScore?: tf.Tensor2D }[];
  for (const { dScore } of parts) if (dScore) dScores.push(dScore);
  const join = (name: 'dq' | 'dk' | 'dv'): tf.Tensor3D =>
    joinHeads(
      parts.map((part) => part[name]),
      heads,
    );
  const scores = [dy.shape[0], heads, dy.shape[1], k.shape[1]] as [number, number, number, number];
  return {
    dq: tf.mul(join('dq'), scale),
    dk: join('dk'),
    dv: join('dv'),
    ...(withScores ? { dScores: tf.reshape(tf.concat(dScores, 0), scores) } : {}),
  };
}

/** Attention whose scores are never in memory, forward nor backward: one operation of kernels/fused each. */

import * as tf from '@tensorflow/tfjs-core';
import { precision } from '../precision';
import { attribute, type OpAttribute, rawOps } from '../tensorflow';
import type { AttentionGeometry, AttentionGradients } from './attention-batched';
import { attendGradient as batchedGradient, splitHeads } from './attention-batched';

function attributes(mask: tf.Tensor | undefined, { heads, scale }: AttentionGeometry): OpAttribute[] {
  return [
    attribute.int('heads', heads),
    attribute.float('scale', scale),
    attribute.int('N', mask ? 1 : 0),
    attribute.bool('bf16', precision() === 'bfloat16'),
  ];
}

/** The mask with four dimensions, as a list of inputs. */
function masks(mask: tf.Tensor | undefined): tf.Tensor[] {
  return mask ? [tf.reshape(mask, [...new Array<number>(4 - mask.rank).fill(1), ...mask.shape])] : [];
}

/** Forward: saves what `attendGradient` needs. */
export function attend(
  q: tf.Tensor3D,
  k: tf.Tensor3D,
  v: tf.Tensor3D,
  mask: tf.Tensor | undefined,
  geometry: AttentionGeometry,
  keep: (tensors: tf.Tensor[]) => void,
): tf.Tensor3D {
  const [y, statistics] = rawOps('RoentgenAttention', attributes(mask, geometry), [q, k, v, ...masks(mask)], 2);
  keep([q, k, v, y!, statistics!, ...(mask ? [mask] : [])]);
  return y as tf.Tensor3D;
}

/**
 * Backward, from what `attend` saved. The gradient of the scores, which a mask's follows from, is composed: a compiled graph leaves it out where
 * nothing needs it.
 */
export function attendGradient(dy: tf.Tensor3D, saved: tf.Tensor[], geometry: AttentionGeometry, withScores: boolean): AttentionGradients {
  const [q, k, v, y, statistics, mask] = saved as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor, tf.Tensor?];
  const inputs = [dy, q, k, v, y, statistics, ...masks(mask)];
  const [dq, dk, dv] = rawOps('RoentgenAttentionGradient', attributes(mask, geometry), inputs, 3) as [tf.Tensor, tf.Tensor, tf.Tensor];
  if (!withScores) return { dq, dk, dv };
  const { heads, scale } = geometry;
  const [queries, keys, values] = [splitHeads(tf.mul(q, scale), heads), splitHeads(k, heads, true), splitHeads(v, heads)];
  const product = tf.matMul(queries, keys);
  const weights = tf.softmax(mask ? tf.add(product, mask) : product);
  const { dScores } = batchedGradient(dy, [queries, keys, values, weights, splitHeads(y, heads)], geometry, true);
  return { dq, dk, dv, ...(dScores ? { dScores } : {}) };
}

import * as tf from '@tensorflow/tfjs-core';
import { isFused } from '../fused';
import { scope } from '../memory';
import { expectShape } from '../shapes';
import { isTensorFlow } from '../tensorflow';
import type { AttentionGeometry } from './attention-batched';
import * as batched from './attention-batched';
import * as byHead from './attention-by-head';
import * as fused from './attention-fused';
import { differentiable } from './differentiable';

/** Multiplications in one product of one head below which wasm's slow batched product costs less than some thirty calls for each head. */
const SMALL_HEAD = 200_000;

export interface AttentionOptions {
  /** Number of heads; a divisor of the width. */
  heads: number;
  /** Factor of the scores; 1 / sqrt(width of a head) by default. */
  scale?: number;
  /** Added to the scores before the softmax, broadcastable to [B, heads, Lq, Lk]: 0 where to look, a large negative number where not, or a bias that is learnt. */
  mask?: tf.Tensor;
}

/**
 * Scaled dot-product attention of several heads (Vaswani et al. 2017, arXiv:1706.03762), softmax(q kT scale + mask) v.
 *
 * @param q [B, Lq, heads · D]
 * @param k [B, Lk, heads · D]
 * @param v [B, Lk, heads · D]
 * @returns [B, Lq, heads · D]; the caller disposes it
 * @throws TypeError where the shapes do not fit, RangeError where heads does not divide the width
 */
export function attention(q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, { heads, scale, mask }: AttentionOptions): tf.Tensor3D {
  const { B, Lq, C } = expectShape('attention: q', q, 'B Lq C') as { B: number; Lq: number; C: number };
  const { Lk } = expectShape('attention: k', k, `${B} Lk ${C}`) as { Lk: number };
  expectShape('attention: v', v, `${B} ${Lk} ${C}`);
  if (!(Number.isInteger(heads) && heads > 0 && C % heads === 0))
    throw new RangeError(`attention: heads: expected a divisor of the width ${C}, got ${heads}`);
  const scores = [B, heads, Lq, Lk];
  const fits = mask === undefined || (mask.rank <= 4 && mask.shape.every((size, i) => size === 1 || size === scores[4 - mask.rank + i]));
  if (!fits)
    throw new TypeError(`attention: mask: expected a shape broadcastable to [${scores.join(', ')}], got [${mask!.shape.join(', ')}]`);
  const geometry: AttentionGeometry = { heads, scale: scale ?? 1 / Math.sqrt(C / heads) };
  const form = isFused() ? fused : isTensorFlow() || (Lq * Lk * C) / heads < SMALL_HEAD ? batched : byHead;
  return differentiable<tf.Tensor3D>(
    [q, k, v, mask],
    (keep) => form.attend(q, k, v, mask, geometry, keep),
    (dy, saved) => {
      const { dq, dk, dv, dScores } = form.attendGradient(dy, saved, geometry, mask !== undefined);
      return [dq, dk, dv, mask && sumTo(dScores!, mask.shape)];
    },
  );
}

/**
 * How much each query attends to each key, softmax(q kT scale + mask): what `attention` weighs the values with. For looking at; it has no fast form.
 *
 * @param q [B, Lq, heads · D]
 * @param k [B, Lk, heads · D]
 * @returns [B, heads, Lq, Lk], sums over Lk are 1; the caller disposes it
 * @throws TypeError where the shapes do not fit
 */
export function attentionWeights(q: tf.Tensor3D, k: tf.Tensor3D, { heads, scale, mask }: AttentionOptions): tf.Tensor4D {
  const { B, Lq, C } = expectShape('attentionWeights: q', q, 'B Lq C') as { B: number; Lq: number; C: number };
  const { Lk } = expectShape('attentionWeights: k', k, `${B} Lk ${C}`) as { Lk: number };
  return scope(() => {
    const split = (x: tf.Tensor3D, length: number): tf.Tensor => tf.transpose(tf.reshape(x, [B, length, heads, C / heads]), [0, 2, 1, 3]);
    const scores = tf.mul(tf.matMul(split(q, Lq), split(k, Lk), false, true), scale ?? 1 / Math.sqrt(C / heads));
    return tf.softmax(mask ? tf.add(scores, mask) : scores) as tf.Tensor4D;
  });
}

/** Sums x [B, heads, Lq, Lk] to a shape that was broadcast to it. */
function sumTo(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const full = [...new Array<number>(4 - shape.length).fill(1), ...shape];
  const axes = full.flatMap((size, i) => (size === 1 && x.shape[i] !== 1 ? [i] : []));
  return tf.reshape(axes.length > 0 ? tf.sum(x, axes) : x, shape as number[]);
}

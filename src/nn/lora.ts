/** Low-rank adapters of linear layers. Hu et al. 2021, arXiv:2106.09685: W x + (alpha / rank) B A x, section 4.1; names as in PEFT. */

import * as tf from '@tensorflow/tfjs-core';
import { linear, scope } from '../engine';
import type { LinearParams } from './layers';

/** An adapter: A [in, rank], B [rank, out], and alpha / rank, which does not train. */
export type LoraParams = { lora_A: { weight: tf.Tensor2D }; lora_B: { weight: tf.Tensor2D }; lora_scale: tf.Scalar };

/** A linear layer that may have an adapter. With `lora_base`, the weight of before, the adapter is in the weight already. */
export type AdaptedLinearParams = LinearParams & Partial<LoraParams> & { lora_base?: tf.Tensor };

/**
 * A linear layer: x · weight + bias, and what the adapter adds where there is one.
 *
 * @param x [..., in]
 * @returns [..., out]; the caller disposes it
 */
export function linearLayer<T extends tf.Tensor>({ weight, bias, lora_A, lora_B, lora_scale, lora_base }: AdaptedLinearParams, x: T): T {
  if (!lora_A || !lora_B || !lora_scale || lora_base) return linear(x, weight, bias);
  return scope(() => tf.add(linear(x, weight, bias), tf.mul(linear(linear(x, lora_A.weight), lora_B.weight), lora_scale)) as T);
}

/**
 * The weight of the same layer without an adapter: W + scale · A B; the caller disposes it.
 *
 * @param params of a linear layer, or of a convolution: W [kh, kw, in, out], A [kh, kw, in, rank], B [1, 1, rank, out]
 * @returns      the shape of W
 */
export function mergedWeight<T extends tf.Tensor2D | tf.Tensor4D>({ weight, lora_A, lora_B, lora_scale }: AdaptedWeight<T>): T {
  if (!lora_A || !lora_B || !lora_scale) return weight.clone() as T;
  return scope(() => {
    const rank = lora_A.weight.shape.at(-1)!;
    const product = tf.matMul(tf.reshape(lora_A.weight, [-1, rank]), tf.reshape(lora_B.weight, [rank, -1]));
    return tf.add(weight, tf.mul(tf.reshape(product, weight.shape), lora_scale)) as T;
  });
}

/** A weight that may have an adapter, of a linear layer or a convolution. */
export interface AdaptedWeight<T extends tf.Tensor> {
  readonly weight: T;
  readonly lora_A?: { readonly weight: T };
  readonly lora_B?: { readonly weight: T };
  readonly lora_scale?: tf.Scalar;
}

/** Low-rank adapters of linear layers. Hu et al. 2021, arXiv:2106.09685: W x + (alpha / rank) B A x, section 4.1; names as in PEFT. */

import * as tf from '@tensorflow/tfjs-core';
import { linear } from '../engine';
import type { LinearParams } from './layers';

/** An adapter: A [in, rank], B [rank, out], and alpha / rank, which does not train. */
export type LoraParams = { lora_A: { weight: tf.Tensor2D }; lora_B: { weight: tf.Tensor2D }; lora_scale: tf.Scalar };

/** A linear layer that may have an adapter. */
export type AdaptedLinearParams = LinearParams & Partial<LoraParams>;

/**
 * x · weight + bias, and what the adapter adds where there is one.
 *
 * @param x [..., in]
 * @returns [..., out]; the caller disposes it
 */
export function linearLayer<T extends tf.Tensor>(x: T, { weight, bias, lora_A, lora_B, lora_scale }: AdaptedLinearParams): T {
  if (!lora_A || !lora_B || !lora_scale) return linear(x, weight, bias);
  return tf.tidy(() => tf.add(linear(x, weight, bias), tf.mul(linear(linear(x, lora_A.weight), lora_B.weight), lora_scale)) as T);
}

/** The weight of the same layer without an adapter: W + scale · A B, [in, out]; the caller disposes it. */
export function mergedWeight({ weight, lora_A, lora_B, lora_scale }: AdaptedLinearParams): tf.Tensor2D {
  if (!lora_A || !lora_B || !lora_scale) return weight.clone();
  return tf.tidy(() => tf.add(weight, tf.mul(tf.matMul(lora_A.weight, lora_B.weight), lora_scale)) as tf.Tensor2D);
}

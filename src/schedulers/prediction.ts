/** What the network's output says about the clean latents and the noise, for each of the things a network can be trained to predict. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { linear } from './combine';
import type { PredictionType } from './config';

/** x = signal · x0 + noise · ε at one noise level: (√ᾱ, √(1-ᾱ)) in DDPM's scaling, (1, σ) in that of Karras et al. */
export interface NoiseLevel {
  readonly signal: number;
  readonly noise: number;
}

/** Limits a predicted clean image, such as to [-1, 1]; returns an owned tensor. */
export type Limit = (x0: tf.Tensor) => tf.Tensor;

/**
 * Predicted clean latents and noise from one network output at a variance-preserving level (signal² + noise² = 1).
 * v = signal · ε - noise · x0: Salimans and Ho 2022 (arXiv:2202.00512), appendix D.
 *
 * @returns x0 and ε, [B, H, W, C]; made in the caller's memory scope (one of them may be `output` itself)
 */
export function interpret(
  type: PredictionType,
  output: tf.Tensor,
  x: tf.Tensor,
  { signal, noise }: NoiseLevel,
): { x0: tf.Tensor; eps: tf.Tensor } {
  if (type === 'sample') return { x0: output, eps: linear([1 / noise, x], [-signal / noise, output]) };
  if (type === 'v_prediction') return { x0: linear([signal, x], [-noise, output]), eps: linear([signal, output], [noise, x]) };
  return { x0: linear([1 / signal, x], [-noise / signal, output]), eps: output };
}

/**
 * Predicted clean latents at noise level σ in the scaling x = x0 + σ ε, where the network saw x / √(σ² + 1): Karras et al. 2022
 * (arXiv:2206.00364), section 5.
 */
export function cleanAt(type: PredictionType, output: tf.Tensor, x: tf.Tensor, sigma: number): tf.Tensor {
  if (type === 'sample') return output;
  if (type === 'v_prediction') return linear([-sigma / Math.hypot(sigma, 1), output], [1 / (sigma ** 2 + 1), x]);
  return linear([1, x], [-sigma, output]);
}

/** The keys that limit x0. */
export interface LimitConfig {
  readonly clip_sample?: boolean;
  readonly clip_sample_range?: number;
  readonly thresholding?: boolean;
  readonly dynamic_thresholding_ratio?: number;
  readonly sample_max_value?: number;
}

/** The limit that a config asks for; undefined for none, as latent models have it. */
export function makeLimit(config: LimitConfig): Limit | undefined {
  const { clip_sample_range: range = 1, dynamic_thresholding_ratio: ratio = 0.995, sample_max_value: max = 1 } = config;
  if (config.thresholding) return (x0) => dynamicThreshold(x0, ratio, max);
  return config.clip_sample ? (x0) => tf.clipByValue(x0, -range, range) : undefined;
}

/**
 * Dynamic thresholding, Saharia et al. 2022 (arXiv:2205.11487), section 2.3: clips each image at the `ratio` quantile s of |x0|,
 * 1 ≤ s ≤ max, and divides by s.
 */
function dynamicThreshold(x0: tf.Tensor, ratio: number, max: number): tf.Tensor {
  return scope(() => {
    const perImage = x0.size / x0.shape[0]!;
    const flat = tf.reshape(x0, [x0.shape[0]!, perImage]);
    const descending = tf.topk(tf.abs(flat), perImage).values;
    const rank = (1 - ratio) * (perImage - 1); // linear interpolation between the two nearest ranks
    const [low, high] = [Math.floor(rank), Math.min(Math.floor(rank) + 1, perImage - 1)];
    const at = (k: number): tf.Tensor => tf.slice(descending, [0, k], [-1, 1]);
    const s = tf.clipByValue(linear([1 - (rank - low), at(low)], [rank - low, at(high)]), 1, Math.max(1, max));
    return tf.reshape(tf.div(tf.minimum(tf.maximum(flat, tf.neg(s)), s), s), x0.shape);
  });
}

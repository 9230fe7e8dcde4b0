/**
 * Single layers: their parameters, how they start, and their forward pass. Defaults are PyTorch's: weights and biases of linear and
 * convolution layers uniform in ±1/√fan_in (He et al. 2015 with a = √5), norms 1 and 0, embeddings standard normal.
 */

import * as tf from '@tensorflow/tfjs-core';
import { type ConvOptions, conv2d, type GroupNormOptions, groupNorm, scope } from '../engine';
import { layerNorm } from '../engine/internal';
import type { Initialiser, ParameterSpec, Spec } from './parameters';

/** A linear layer: weight [in, out], bias [out]. */
export type LinearParams = { weight: tf.Tensor2D; bias?: tf.Tensor1D };
/** A convolution: weight [kh, kw, in, out], bias [out]. */
export type ConvParams = { weight: tf.Tensor4D; bias?: tf.Tensor1D };
/** A LayerNorm or GroupNorm: weight [C], bias [C]. */
export type NormParams = { weight: tf.Tensor1D; bias: tf.Tensor1D };
/** A norm by the root of the mean square, which has no shift: weight [C]. */
export type RmsNormParams = { weight: tf.Tensor1D };
/** An embedding table: weight [V, C]. */
export type EmbeddingParams = { weight: tf.Tensor2D };

export interface LayerInit {
  /** Leave the bias out. */
  readonly noBias?: boolean;
  /** Normal weights of this standard deviation and zero biases, instead of PyTorch's default. */
  readonly std?: number;
}

const ZERO: Initialiser = { kind: 'constant', value: 0 };
const ONE: Initialiser = { kind: 'constant', value: 1 };

function weightAndBias<W extends tf.Tensor>(
  shape: readonly number[],
  fanIn: number,
  { noBias, std }: LayerInit,
): { weight: Spec<W>; bias?: ParameterSpec } {
  const uniform: Initialiser = { kind: 'uniform', bound: 1 / Math.sqrt(fanIn) };
  const weight = { shape, init: std === undefined ? uniform : { kind: 'normal', std } } as Spec<W>;
  return noBias ? { weight } : { weight, bias: { shape: [shape[shape.length - 1]!], init: std === undefined ? uniform : ZERO } };
}

/** A linear layer from `inputs` to `outputs` features. */
export function linearSpec(inputs: number, outputs: number, init: LayerInit = {}): Spec<LinearParams> {
  return weightAndBias<tf.Tensor2D>([inputs, outputs], inputs, init);
}

/** A convolution with a square kernel. */
export function convSpec(inputs: number, outputs: number, kernel: number, init: LayerInit = {}): Spec<ConvParams> {
  return weightAndBias<tf.Tensor4D>([kernel, kernel, inputs, outputs], kernel * kernel * inputs, init);
}

/** A LayerNorm or GroupNorm over `channels`. */
export function normSpec(channels: number): Spec<NormParams> {
  return { weight: { shape: [channels], init: ONE }, bias: { shape: [channels], init: ZERO } };
}

/** A norm by the root of the mean square over `channels`. */
export function rmsNormSpec(channels: number): Spec<RmsNormParams> {
  return { weight: { shape: [channels], init: ONE } };
}

/** A table of `rows` vectors. */
export function embeddingSpec(rows: number, channels: number, std: number = 1): Spec<EmbeddingParams> {
  return { weight: { shape: [rows, channels], init: { kind: 'normal', std } } };
}

/** `conv2d` with a layer's parameters: [B, H, W, in] to [B, H', W', out]; the caller disposes the result. */
export function convLayer({ weight, bias }: ConvParams, x: tf.Tensor4D, options?: ConvOptions): tf.Tensor4D {
  return conv2d(x, weight, bias, options);
}

/** `groupNorm` with a layer's parameters: [B, H, W, C] or [B, N, C] to the same shape; the caller disposes the result. */
export function groupNormLayer<T extends tf.Tensor>({ weight, bias }: NormParams, x: T, options: GroupNormOptions): T {
  return groupNorm(x, weight, bias, options);
}

/** `layerNorm` with a layer's parameters: [..., C] to the same shape; the caller disposes the result. */
export function layerNormLayer<T extends tf.Tensor>({ weight, bias }: NormParams, x: T, eps: number): T {
  return layerNorm(x, weight, bias, eps);
}

/** x / √(mean x² + ε) · weight (Zhang and Sennrich 2019, arXiv:1910.07467): [..., C] to the same shape; the caller disposes the result. */
export function rmsNormLayer<T extends tf.Tensor>({ weight }: RmsNormParams, x: T, eps: number): T {
  return scope(() => tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps))), weight) as T);
}

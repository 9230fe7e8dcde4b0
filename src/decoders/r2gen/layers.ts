/** Layers as R2Gen has them: those of "The Annotated Transformer", with its key names and its own layer norm. */

import * as tf from '@tensorflow/tfjs-core';
import { attention, scope } from '../../engine';
import { type LinearParams, linearLayer, type Spec } from '../../nn';
import type { KeptKeys } from '../pass';

/** A norm by the standard deviation of n - 1, [C] each. */
export type StdNormParams = { gamma: tf.Tensor1D; beta: tf.Tensor1D };
/** Projections to queries, keys, values, and of what comes out. */
export type R2GenAttentionParams = { linears: [LinearParams, LinearParams, LinearParams, LinearParams] };
export type R2GenFeedForwardParams = { w_1: LinearParams; w_2: LinearParams };
/** Two layers with a ReLU between, which has no parameters. */
export type R2GenMlpParams = [LinearParams, undefined, LinearParams];

const EPS = 1e-6;

/** A linear layer as R2Gen starts it: weights uniform (Glorot and Bengio 2010, equation 16), and PyTorch's biases, or all of one value. */
export function xavierSpec(inputs: number, outputs: number, bias?: number): Spec<LinearParams> {
  return {
    weight: { shape: [inputs, outputs], init: { kind: 'uniform', bound: Math.sqrt(6 / (inputs + outputs)) } },
    bias: {
      shape: [outputs],
      init: bias === undefined ? { kind: 'uniform', bound: 1 / Math.sqrt(inputs) } : { kind: 'constant', value: bias },
    },
  };
}

export const stdNormSpec = (width: number): Spec<StdNormParams> => ({
  gamma: { shape: [width], init: { kind: 'constant', value: 1 } },
  beta: { shape: [width], init: { kind: 'constant', value: 0 } },
});

export function headedSpec(width: number): Spec<R2GenAttentionParams> {
  const one = (): Spec<LinearParams> => xavierSpec(width, width);
  return { linears: [one(), one(), one(), one()] };
}

/** (x - mean) / (standard deviation + 1e-6), the deviation with n - 1; without scale and shift. */
export function standardised(x: tf.Tensor3D): tf.Tensor3D {
  const width = x.shape[2];
  return scope(() => {
    const centred = tf.sub(x, tf.mean(x, 2, true));
    const squares = tf.div(tf.sum(tf.square(centred), 2, true), width - 1);
    return tf.div(centred, tf.add(tf.sqrt(tf.maximum(squares, 1e-24)), EPS)) as tf.Tensor3D; // the root has no gradient at 0
  });
}

export const stdNorm = ({ gamma, beta }: StdNormParams, x: tf.Tensor3D): tf.Tensor3D =>
  scope(() => tf.add(tf.mul(standardised(x), gamma), beta) as tf.Tensor3D);

/** Keys and values of an attention over `x`. */
export const keysOf = ({ linears: [, key, value] }: R2GenAttentionParams, x: tf.Tensor3D): KeptKeys => ({
  k: linearLayer(key, x),
  v: linearLayer(value, x),
});

/** @param mask added to the scores */
export function headed(
  { linears: [query, , , out] }: R2GenAttentionParams,
  x: tf.Tensor3D,
  { k, v }: KeptKeys,
  heads: number,
  mask?: tf.Tensor,
): tf.Tensor3D {
  return scope(() => linearLayer(out, attention(linearLayer(query, x), k, v, { heads, ...(mask && { mask }) })));
}

export const feedForward = ({ w_1, w_2 }: R2GenFeedForwardParams, x: tf.Tensor3D): tf.Tensor3D =>
  scope(() => linearLayer(w_2, tf.relu(linearLayer(w_1, x))));

export const mlp = ([first, , second]: R2GenMlpParams, x: tf.Tensor3D): tf.Tensor3D =>
  scope(() => linearLayer(second, tf.relu(linearLayer(first, x))));

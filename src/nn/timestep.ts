/** The timestep as a vector: sinusoids (Ho et al. 2020, arXiv:2006.11239, after Vaswani et al. 2017) and a two-layer network. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectShape, silu } from '../engine/internal';
import { type LinearParams, linearSpec } from './layers';
import { linearLayer } from './lora';
import type { Spec } from './parameters';

export type TimestepMlpParams = { linear_1: LinearParams; linear_2: LinearParams };

export interface TimestepEmbeddingOptions {
  /** Cosines come first (`flip_sin_to_cos`). */
  readonly cosFirst: boolean;
  /** 0 or 1: taken from the number of frequencies in their spacing (`freq_shift`). */
  readonly frequencyShift: number;
}

const LONGEST_PERIOD = 10000;

/**
 * Sines and cosines of t at `size`/2 frequencies from 1 down to 1/10000.
 *
 * @param timesteps [B], fractions allowed
 * @param size      length of the embedding; an odd one ends in a zero
 * @returns         [B, size]
 */
export function timestepEmbedding(
  timesteps: tf.Tensor1D,
  size: number,
  { cosFirst, frequencyShift }: TimestepEmbeddingOptions,
): tf.Tensor2D {
  const { B } = expectShape('timestepEmbedding: timesteps', timesteps, 'B') as { B: number };
  const half = Math.floor(size / 2);
  // Rounded to float32 where PyTorch rounds: t is up to 1000 and multiplies any difference.
  const logPeriod = Math.fround(-Math.log(LONGEST_PERIOD));
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp(Math.fround(Math.fround(logPeriod * i) / (half - frequencyShift))),
  );
  return scope(() => {
    const t = tf.reshape(tf.cast(timesteps, 'float32'), [B, 1]);
    const angles = tf.mul(t, tf.tensor2d(frequencies, [1, half])); // [B, half]
    const parts = cosFirst ? [tf.cos(angles), tf.sin(angles)] : [tf.sin(angles), tf.cos(angles)];
    if (size % 2 === 1) parts.push(tf.zeros([B, 1]));
    return tf.concat(parts, 1) as tf.Tensor2D;
  });
}

export function timestepMlpSpec(inputs: number, outputs: number): Spec<TimestepMlpParams> {
  return { linear_1: linearSpec(inputs, outputs), linear_2: linearSpec(outputs, outputs) };
}

/** Linear, SiLU, linear: [B, in] to [B, out]. */
export function timestepMlp({ linear_1, linear_2 }: TimestepMlpParams, x: tf.Tensor2D): tf.Tensor2D {
  return scope(() => linearLayer(linear_2, silu(linearLayer(linear_1, x))));
}

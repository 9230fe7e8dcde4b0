/** The diagonal Gaussian over latents that the encoder returns (Kingma and Welling 2014, arXiv:1312.6114). */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectSameShape } from '../engine/internal';

/** Mean and log-variance of each latent, both [B, h, w, C]. */
export type Posterior = { mean: tf.Tensor4D; logvar: tf.Tensor4D };

/**
 * A sample, mean + e^(logvar/2) · noise; the gradient goes through mean and logvar.
 *
 * @param noise standard normal, the shape of the mean
 * @returns     [B, h, w, C]; the caller disposes it
 */
export function samplePosterior({ mean, logvar }: Posterior, noise: tf.Tensor4D): tf.Tensor4D {
  expectSameShape('samplePosterior: noise', noise, mean);
  return scope(() => tf.add(mean, tf.mul(tf.exp(tf.mul(logvar, 0.5)), noise)));
}

/**
 * The Kullback-Leibler divergence from the standard normal, ½ Σ (mean² + variance - 1 - logvar), summed over each sample's latents.
 *
 * @returns [B], nats; the caller disposes it
 */
export function klDivergence({ mean, logvar }: Posterior): tf.Tensor1D {
  return scope(() => {
    const terms = tf.sub(tf.add(tf.square(mean), tf.exp(logvar)), tf.add(logvar, 1));
    return tf.mul(tf.sum(tf.reshape(terms, [terms.shape[0]!, -1]), 1), 0.5) as tf.Tensor1D;
  });
}

/** Losses of the autoencoder and of the diffusion model. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../engine';
import type { PredictionType } from '../../schedulers';
import { klDivergence } from '../../vae';

/** Weights of the autoencoder's terms. */
export interface VaeLossWeights {
  /** The reconstruction's error: mean |x - x̂| or mean (x - x̂)². */
  readonly reconstruction: 'l1' | 'l2';
  /** Weight of the same error between the images' horizontal and vertical differences, which keeps edges such as ribs. */
  readonly gradient: number;
  /** Weight of the KL divergence, a mean over latent values. */
  readonly kl: number;
  /** Weight of the distance in a network's features (`perceptualDistance`); none where left out. */
  readonly perceptual?: number;
  /** A discriminator of patches: its weight beside the adaptive one (`adaptiveWeight`), and the first step in which it takes part. */
  readonly adversarial?: { readonly weight: number; readonly from: number };
}

const error = (difference: tf.Tensor, kind: 'l1' | 'l2'): tf.Scalar => tf.mean(kind === 'l1' ? tf.abs(difference) : tf.square(difference));

/** x[:, 1:] - x[:, :-1] along an axis of [B, H, W, C]. */
function differences(x: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const size = [...x.shape] as [number, number, number, number];
  size[axis]! -= 1;
  const one: [number, number, number, number] = [0, 0, 0, 0];
  one[axis] = 1;
  return tf.sub(tf.slice4d(x, one, size), tf.slice4d(x, [0, 0, 0, 0], size));
}

/**
 * The autoencoder's loss: reconstruction + weight · its gradients' error + weight · KL.
 *
 * @param image          [B, H, W, C], -1 to 1
 * @param reconstruction same shape
 * @returns the weighted sum, and its terms unweighted
 */
export function vaeLoss(
  image: tf.Tensor4D,
  reconstruction: tf.Tensor4D,
  mean: tf.Tensor4D,
  logvar: tf.Tensor4D,
  weights: VaeLossWeights,
): { loss: tf.Scalar; reconstruction: tf.Scalar; kl: tf.Scalar } {
  return scope(() => {
    const difference = tf.sub(reconstruction, image) as tf.Tensor4D;
    const pixels = error(difference, weights.reconstruction);
    const edges = tf.add(
      error(differences(difference, 1), weights.reconstruction),
      error(differences(difference, 2), weights.reconstruction),
    );
    const kl = tf.div(tf.sum(klDivergence({ mean, logvar })), mean.size) as tf.Scalar;
    const loss = tf.addN([pixels, tf.mul(edges, weights.gradient), tf.mul(kl, weights.kl)]) as tf.Scalar;
    return { loss, reconstruction: pixels, kl };
  });
}

/**
 * What the network should have predicted.
 *
 * @param signal √ᾱ_t, [B, 1, 1, 1]
 * @param sigma  √(1 - ᾱ_t), [B, 1, 1, 1]
 * @returns ε, v = √ᾱ ε - √(1 - ᾱ) x₀ (Salimans and Ho 2022, arXiv:2202.00512, section 4), or x₀, same shape
 */
export function diffusionTarget(
  x0: tf.Tensor4D,
  noise: tf.Tensor4D,
  signal: tf.Tensor,
  sigma: tf.Tensor,
  type: PredictionType,
): tf.Tensor4D {
  if (type === 'epsilon') return noise.clone();
  if (type === 'sample') return x0.clone();
  return scope(() => tf.sub(tf.mul(signal, noise), tf.mul(sigma, x0)) as tf.Tensor4D);
}

/**
 * Weights of the squared error by timestep that even out how much the noise levels pull. Hang et al. 2023 (arXiv:2303.09556), eq. (10) and section 3.4:
 * min(SNR, γ) for a network that predicts x₀, over SNR for ε and over SNR + 1 for v.
 *
 * @param snr   ᾱ / (1 - ᾱ) of each timestep
 * @param gamma γ; the paper's is 5
 */
export function minSnrWeights(snr: ArrayLike<number>, gamma: number, type: PredictionType): Float32Array {
  return Float32Array.from(snr, (x) => Math.min(x, gamma) / (type === 'epsilon' ? x : type === 'v_prediction' ? x + 1 : 1));
}

/**
 * The mean over the batch of each example's mean squared error times its weight.
 *
 * @param weights [B]; the caller's scale, not normalised
 */
export function weightedSquaredError(predicted: tf.Tensor4D, target: tf.Tensor4D, weights: tf.Tensor1D): tf.Scalar {
  return scope(() => tf.mean(tf.mul(tf.mean(tf.squaredDifference(predicted, target), [1, 2, 3]), weights)) as tf.Scalar);
}

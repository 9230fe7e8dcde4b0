/**
 * The autoencoder's loss: reconstruction, its gradients and KL (Rombach et al. 2022, arXiv:2112.10752, appendix G) and, by the recipe, a perceptual term and
 * a discriminator of patches (Esser et al. 2021, arXiv:2012.09841, eq. 4 to 7).
 */

import * as tf from '@tensorflow/tfjs-core';
import { conv2d, mapTree, scope, type Tree } from '../../engine';
import { detach } from '../../engine/internal';
import type { PerceptualNetwork } from '../../metrics';
import { perceptualDistance } from '../../metrics/internal';
import { encode, samplePosterior, type VaeConfig, type VaeParams } from '../../vae';
import { decoderStates, klDivergence } from '../../vae/internal';
import { adaptiveWeight, hingeLoss, type PatchDiscriminatorParams, patchDiscriminator } from './patch-discriminator';

/** Weights of the autoencoder's terms. */
export interface VaeLossWeights {
  /** The reconstruction's error: mean |x - x̂| or mean (x - x̂)². */
  readonly reconstruction: 'l1' | 'l2';
  /** Weight of the same error between the images' horizontal and vertical differences, which keeps edges such as ribs. */
  readonly gradient: number;
  /** Weight of the KL divergence, a mean over latent values. */
  readonly kl: number;
  /** Weight of the distance in a network's features (`perceptualDistance`); by default none. */
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

/** What trains. */
export type VaeTrained = { vae: VaeParams; discriminator?: PatchDiscriminatorParams };

export type VaeBatch = {
  /** [B, H, W, C], -1 to 1. */
  readonly images: tf.Tensor4D;
  readonly noise: tf.Tensor4D;
  /** Weight of the discriminator in this step, 0 before it takes part; where there is one. */
  readonly adversarial?: tf.Scalar;
};

type Terms = { loss: tf.Scalar; aux: Record<string, tf.Scalar> };

/**
 * The loss of a batch. Autoencoder and discriminator learn in one step, each from the other as it was before.
 *
 * @param perceptual its parameters, where `weights.perceptual` is given
 */
export function vaeTrainingLoss(
  config: VaeConfig,
  weights: VaeLossWeights,
  { vae, discriminator }: VaeTrained,
  { images, noise, adversarial }: VaeBatch,
  perceptual: { readonly network: PerceptualNetwork; readonly params: Tree } | undefined,
  checkpointing: boolean,
): Terms {
  return scope(() => {
    const options = { checkpointing };
    const posterior = encode(config, vae, images, options);
    const states = decoderStates(config, vae, samplePosterior(posterior, noise), options);
    const { weight, bias } = vae.decoder.conv_out;
    const toUnitRange = (x: tf.Tensor4D): tf.Tensor4D => tf.mul(tf.add(x, 1), 0.5);
    /** Reconstruction, KL and perceptual terms of an image decoded from the states. */
    const autoencoderLoss = (decoded: tf.Tensor4D): Terms => {
      const { loss, ...aux } = vaeLoss(images, decoded, posterior.mean, posterior.logvar, weights);
      if (!perceptual || !weights.perceptual) return { loss, aux };
      const distance = perceptualDistance(perceptual.network, perceptual.params, toUnitRange(images), toUnitRange(decoded));
      return { loss: tf.add(loss, tf.mul(distance, weights.perceptual)) as tf.Scalar, aux: { ...aux, perceptual: distance } };
    };
    const decoded = conv2d(states, weight, bias, { padding: 1 });
    const { loss, aux } = autoencoderLoss(decoded);
    if (!discriminator || !adversarial) return { loss, aux };

    // Each of the two learns from the other as it was before the step.
    const frozenDiscriminator = mapTree(detach, discriminator);
    const generatorLoss = (x: tf.Tensor4D): tf.Scalar => tf.neg(tf.mean(patchDiscriminator(frozenDiscriminator, x))) as tf.Scalar;
    const balance = adaptiveWeight(states, vae.decoder.conv_out, (x) => autoencoderLoss(x).loss, generatorLoss);
    const generator = generatorLoss(decoded);
    const critic = hingeLoss(patchDiscriminator(discriminator, images), patchDiscriminator(discriminator, detach(decoded)));
    const active = tf.cast(tf.greater(adversarial, 0), 'float32');
    const total = tf.addN([loss, tf.mul(tf.mul(adversarial, balance), generator), tf.mul(active, critic)]) as tf.Scalar;
    return { loss: total, aux: { ...aux, adversarial: generator, discriminator: critic, balance } };
  });
}

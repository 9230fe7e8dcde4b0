/** The loss of the autoencoder of a Gaussian: what images hold it to, and KL (Rombach et al. 2022, arXiv:2112.10752, appendix G). */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../engine';
import { encode, type Posterior, samplePosterior, type VaeConfig, type VaeParams } from '../../vae';
import { decoderStates, klDivergence } from '../../vae/internal';
import { type ImageLossWeights, imageLoss, lossWithDiscriminator, type PerceptualJudge, type Terms } from './image-loss';
import type { PatchDiscriminatorParams } from './patch-discriminator';

/** Weights of the autoencoder's terms. */
export interface VaeLossWeights extends ImageLossWeights {
  /** Weight of the KL divergence, a mean over latent values. */
  readonly kl: number;
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

/** `imageLoss` and the weighted KL divergence. */
export function vaeLoss(
  image: tf.Tensor4D,
  reconstruction: tf.Tensor4D,
  posterior: Posterior,
  weights: VaeLossWeights,
  perceptual?: PerceptualJudge,
): Terms {
  return scope(() => {
    const { loss, aux } = imageLoss(image, reconstruction, weights, perceptual);
    const kl = tf.div(tf.sum(klDivergence(posterior)), posterior.mean.size) as tf.Scalar;
    return { loss: tf.add(loss, tf.mul(kl, weights.kl)) as tf.Scalar, aux: { ...aux, kl } };
  });
}

/**
 * The loss of a batch.
 *
 * @param perceptual where `weights.perceptual` is given
 */
export function vaeTrainingLoss(
  config: VaeConfig,
  weights: VaeLossWeights,
  { vae, discriminator }: VaeTrained,
  { images, noise, adversarial }: VaeBatch,
  perceptual: PerceptualJudge | undefined,
  checkpointing: boolean,
): Terms {
  return scope(() => {
    const options = { checkpointing };
    const posterior = encode(config, vae, images, options);
    const states = decoderStates(config, vae, samplePosterior(posterior, noise), options);
    const loss = (decoded: tf.Tensor4D): Terms => vaeLoss(images, decoded, posterior, weights, perceptual);
    return lossWithDiscriminator(images, { states, last: vae.decoder.conv_out, loss }, discriminator, adversarial);
  });
}

/** The loss of the autoencoder of a codebook: what images hold it to, and codes and outputs that draw each other (Esser et al. 2021, arXiv:2012.09841, eq. 4). */

import * as tf from '@tensorflow/tfjs-core';
import { embedding, scope } from '../../engine';
import { detach } from '../../engine/internal';
import { type QuantiserOptions, quantise, type VqConfig, type VqParams } from '../../vq';
import { vqDecoderStates, vqLatents } from '../../vq/internal';
import { type ImageLossWeights, imageLoss, lossWithDiscriminator, type PerceptualJudge, type Terms } from './image-loss';
import type { PatchDiscriminatorParams } from './patch-discriminator';

/** Weights of the terms. */
export interface VqLossWeights extends ImageLossWeights, QuantiserOptions {
  /** Weight of what codes and outputs cost each other. */
  readonly codebook: number;
  /** Weight of what draws a code that no place of the batch has to the output of some place, so that none stays unused; by default none, as published. */
  readonly revival?: number;
}

/** What trains. */
export type VqTrained = { vq: VqParams; discriminator?: PatchDiscriminatorParams };

export type VqBatch = {
  /** [B, H, W, C], -1 to 1. */
  readonly images: tf.Tensor4D;
  /** A place of the batch for each code, int32 [codes], each in [0, B h w); where unused codes are revived. */
  readonly places?: tf.Tensor1D;
  /** Weight of the discriminator in this step, 0 before it takes part; where there is one. */
  readonly adversarial?: tf.Scalar;
};

/**
 * The loss of a batch. Beside its terms, unweighted, it tells the perplexity of the batch's codes: how many equally frequent ones say as much.
 *
 * @param perceptual where `weights.perceptual` is given
 */
export function vqTrainingLoss(
  config: VqConfig,
  weights: VqLossWeights,
  { vq, discriminator }: VqTrained,
  { images, places, adversarial }: VqBatch,
  perceptual: PerceptualJudge | undefined,
  checkpointing: boolean,
): Terms {
  return scope(() => {
    const options = { checkpointing };
    const codebook = vq.quantize.embedding.weight;
    const latents = vqLatents(config, vq, images, options);
    const { codes, vectors, loss: drawn } = quantise(codebook, latents, weights);
    const shares = sharesOf(codes, codebook.shape[0]);
    const beside: Terms = { loss: tf.mul(drawn, weights.codebook), aux: { codebook: drawn, perplexity: perplexityOf(shares) } };
    if (places && weights.revival) {
      const cost = revivalCost(codebook, latents, shares, places);
      beside.loss = tf.add(beside.loss, tf.mul(cost, weights.revival));
    }
    const states = vqDecoderStates(config, vq, vectors, options);
    const loss = (decoded: tf.Tensor4D): Terms => {
      const ofImage = imageLoss(images, decoded, weights, perceptual);
      return { loss: tf.add(ofImage.loss, beside.loss) as tf.Scalar, aux: { ...ofImage.aux, ...beside.aux } };
    };
    return lossWithDiscriminator(images, { states, last: vq.decoder.conv_out, loss }, discriminator, adversarial);
  });
}

/** Each code's share of the places, [codes]. */
function sharesOf(codes: tf.Tensor3D, count: number): tf.Tensor1D {
  return scope(() => tf.mean(tf.cast(tf.oneHot(tf.reshape(codes, [codes.size]), count), 'float32'), 0) as tf.Tensor1D);
}

function perplexityOf(shares: tf.Tensor1D): tf.Scalar {
  return scope(() => tf.exp(tf.neg(tf.sum(tf.mul(shares, tf.log(tf.maximum(shares, 1e-10)))))) as tf.Scalar);
}

/**
 * The mean squared distance of unused codes to outputs of places that are drawn for them, summed over channels: the online clustering of Zheng and Vedaldi 2023
 * (arXiv:2307.15139) as a term of the loss, so that nothing is kept from step to step beside the parameters.
 */
function revivalCost(codebook: tf.Tensor2D, latents: tf.Tensor4D, shares: tf.Tensor1D, places: tf.Tensor1D): tf.Scalar {
  return scope(() => {
    const anchors = embedding(places, tf.reshape(detach(latents), [-1, codebook.shape[1]]) as tf.Tensor2D);
    const unused = tf.cast(tf.equal(shares, 0), 'float32');
    const distance = tf.sum(tf.square(tf.sub(codebook, detach(anchors))), 1);
    return tf.mean(tf.mul(distance, unused)) as tf.Scalar;
  });
}

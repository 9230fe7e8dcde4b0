/** The loss of the autoencoder of a codebook: what images hold it to, and codes and outputs that draw each other (Esser et al. 2021, arXiv:2012.09841, eq. 4). */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../engine';
import { detach } from '../../engine/internal';
import { type QuantiserOptions, quantise, type VqConfig, type VqParams } from '../../vq';
import { vqDecoderStates, vqLatents } from '../../vq/internal';
import { type ImageLossWeights, imageLoss, lossWithDiscriminator, type PerceptualJudge, type Terms } from './image-loss';
import type { PatchDiscriminatorParams } from './patch-discriminator';

/** Weights of the terms. */
export interface VqLossWeights extends ImageLossWeights, QuantiserOptions {
  /** Weight of what codes and outputs cost each other. */
  readonly codebook: number;
  /** Weight of what the codes' shares lack to even ones, so that none stays unused: 0.01 in the recipes of data/viewxgen. By default none, as published. */
  readonly revival?: number;
}

/** What trains. */
export type VqTrained = { vq: VqParams; discriminator?: PatchDiscriminatorParams };

export type VqBatch = {
  /** [B, H, W, C], -1 to 1. */
  readonly images: tf.Tensor4D;
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
  { images, adversarial }: VqBatch,
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
    if (weights.revival) beside.loss = tf.add(beside.loss, tf.mul(revivalCost(codebook, latents), weights.revival));
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
 * What the codes' soft shares of the batch lack to the entropy of even ones, nats (Yu et al. 2023, arXiv:2310.05737, section 3.1, the second part of their
 * penalty): outputs choose codes by a softmax of half the squared distance, in units of what it is to their nearest codes. A code that no output is nearest to
 * still has a share and so a gradient, towards outputs that few codes are near. A pull of unused codes alone, to outputs drawn at random or to the nearest,
 * leaves them together at one place: with either fewer codes come into use than without.
 */
function revivalCost(codebook: tf.Tensor2D, latents: tf.Tensor4D): tf.Scalar {
  const [codes, channels] = codebook.shape;
  return scope(() => {
    const outputs = tf.reshape(detach(latents), [-1, channels]) as tf.Tensor2D;
    const halfSquares = (x: tf.Tensor2D, keep: boolean): tf.Tensor => tf.mul(tf.sum(tf.square(x), 1, keep), 0.5);
    const products = tf.matMul(outputs, codebook, false, true);
    const distances = tf.add(tf.sub(halfSquares(codebook, false), products), halfSquares(outputs, true)) as tf.Tensor2D;
    const unit = tf.add(tf.mean(tf.min(detach(distances), 1)), 1e-8);
    const shares = tf.mean(tf.softmax(tf.neg(tf.div(distances, unit)) as tf.Tensor2D), 0);
    return tf.add(tf.sum(tf.mul(shares, tf.log(tf.maximum(shares, 1e-10)))), Math.log(codes)) as tf.Scalar;
  });
}

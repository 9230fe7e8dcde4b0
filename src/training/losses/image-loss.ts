/**
 * What autoencoders of every kind are held to by images: reconstruction, its gradients and, by the recipe, a perceptual term (Rombach et al. 2022,
 * arXiv:2112.10752, appendix G) and a discriminator of patches (Esser et al. 2021, arXiv:2012.09841, eq. 4 to 7).
 */

import * as tf from '@tensorflow/tfjs-core';
import { conv2d, mapTree, scope, type Tree } from '../../engine';
import { detach } from '../../engine/internal';
import type { PerceptualNetwork } from '../../metrics';
import { perceptualDistance } from '../../metrics/internal';
import type { ConvParams } from '../../nn';
import { adaptiveWeight, hingeLoss, type PatchDiscriminatorParams, patchDiscriminator } from './patch-discriminator';

/** Weights of the terms. */
export interface ImageLossWeights {
  /** The reconstruction's error: mean |x - x̂| or mean (x - x̂)². */
  readonly reconstruction: 'l1' | 'l2';
  /** Weight of the same error between the images' horizontal and vertical differences, which keeps edges such as ribs. */
  readonly gradient: number;
  /** Weight of the distance in a network's features (`perceptualDistance`); by default none. */
  readonly perceptual?: number;
  /** A discriminator of patches: its weight beside the adaptive one (`adaptiveWeight`), and the first step in which it takes part. */
  readonly adversarial?: { readonly weight: number; readonly from: number };
}

/** A loss and its terms, unweighted. */
export type Terms = { loss: tf.Scalar; aux: Record<string, tf.Scalar> };

/** A network in whose features images are compared, with its parameters. */
export interface PerceptualJudge {
  readonly network: PerceptualNetwork;
  readonly params: Tree;
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
 * Reconstruction, its gradients' error, and the perceptual term where there is one.
 *
 * @param image          [B, H, W, C], -1 to 1
 * @param reconstruction same shape
 */
export function imageLoss(
  image: tf.Tensor4D,
  reconstruction: tf.Tensor4D,
  weights: ImageLossWeights,
  perceptual: PerceptualJudge | undefined,
): Terms {
  return scope(() => {
    const difference = tf.sub(reconstruction, image) as tf.Tensor4D;
    const pixels = error(difference, weights.reconstruction);
    const edges = tf.add(
      error(differences(difference, 1), weights.reconstruction),
      error(differences(difference, 2), weights.reconstruction),
    );
    const loss = tf.add(pixels, tf.mul(edges, weights.gradient)) as tf.Scalar;
    const aux = { reconstruction: pixels };
    if (!perceptual || !weights.perceptual) return { loss, aux };
    const toUnitRange = (x: tf.Tensor4D): tf.Tensor4D => tf.mul(tf.add(x, 1), 0.5);
    const distance = perceptualDistance(perceptual.network, perceptual.params, toUnitRange(image), toUnitRange(reconstruction));
    return { loss: tf.add(loss, tf.mul(distance, weights.perceptual)) as tf.Scalar, aux: { ...aux, perceptual: distance } };
  });
}

/** What an autoencoder makes of a batch, before its last layer. */
export interface DecodedStates {
  /** [B, H, W, C]. */
  readonly states: tf.Tensor4D;
  readonly last: ConvParams;
  /** Of an image that the last layer makes of the states. */
  readonly loss: (decoded: tf.Tensor4D) => Terms;
}

/**
 * The loss of the decoded batch and, where there is a discriminator, what it and the autoencoder learn in one step, each from the other as it was before.
 *
 * @param images      [B, H, W, C], -1 to 1
 * @param adversarial weight of the discriminator in this step, 0 before it takes part
 */
export function lossWithDiscriminator(
  images: tf.Tensor4D,
  { states, last, loss: lossOf }: DecodedStates,
  discriminator: PatchDiscriminatorParams | undefined,
  adversarial: tf.Scalar | undefined,
): Terms {
  return scope(() => {
    const decoded = conv2d(states, last.weight, last.bias, { padding: 1 });
    const { loss, aux } = lossOf(decoded);
    if (!discriminator || !adversarial) return { loss, aux };
    const frozen = mapTree(detach, discriminator);
    const generatorLoss = (x: tf.Tensor4D): tf.Scalar => tf.neg(tf.mean(patchDiscriminator(frozen, x))) as tf.Scalar;
    const balance = adaptiveWeight(states, last, (x) => lossOf(x).loss, generatorLoss);
    const generator = generatorLoss(decoded);
    const critic = hingeLoss(patchDiscriminator(discriminator, images), patchDiscriminator(discriminator, detach(decoded)));
    const active = tf.cast(tf.greater(adversarial, 0), 'float32');
    const total = tf.addN([loss, tf.mul(tf.mul(adversarial, balance), generator), tf.mul(active, critic)]) as tf.Scalar;
    return { loss: total, aux: { ...aux, adversarial: generator, discriminator: critic, balance } };
  });
}

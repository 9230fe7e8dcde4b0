/** The autoencoder's whole loss: reconstruction, KL and, where asked for, how it looks to a network and whether a discriminator is fooled. */

import * as tf from '@tensorflow/tfjs-core';
import { conv2d, detach, mapTree, scope, type Tree } from '../../engine';
import { type PerceptualNetwork, perceptualDistance } from '../../metrics';
import { decoderStates, encode, samplePosterior, type VaeConfig, type VaeParams } from '../../vae';
import { type VaeLossWeights, vaeLoss } from './losses';
import { adaptiveWeight, hingeLoss, type PatchDiscriminatorParams, patchDiscriminator } from './patch-discriminator';

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
 * The loss on a batch. Autoencoder and discriminator learn in one step, each from the other as it was before.
 *
 * @param perceptual its parameters, where `weights.perceptual` is given
 */
export function wholeVaeLoss(
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
    const grey = (x: tf.Tensor4D): tf.Tensor4D => tf.mul(tf.add(x, 1), 0.5);
    /** Everything but the discriminator, of a picture made from the states. */
    const likeness = (picture: tf.Tensor4D): Terms => {
      const { loss, ...aux } = vaeLoss(images, picture, posterior.mean, posterior.logvar, weights);
      if (!perceptual || !weights.perceptual) return { loss, aux };
      const distance = perceptualDistance(perceptual.network, perceptual.params, grey(images), grey(picture));
      return { loss: tf.add(loss, tf.mul(distance, weights.perceptual)) as tf.Scalar, aux: { ...aux, perceptual: distance } };
    };
    const picture = conv2d(states, weight, bias, { padding: 1 });
    const { loss, aux } = likeness(picture);
    if (!discriminator || !adversarial) return { loss, aux };
    const judge = mapTree(detach, discriminator);
    const fool = (x: tf.Tensor4D): tf.Scalar => tf.neg(tf.mean(patchDiscriminator(judge, x))) as tf.Scalar;
    const balance = adaptiveWeight(states, vae.decoder.conv_out, (x) => likeness(x).loss, fool);
    const fooled = fool(picture);
    const seen = hingeLoss(patchDiscriminator(discriminator, images), patchDiscriminator(discriminator, detach(picture)));
    const active = tf.cast(tf.greater(adversarial, 0), 'float32');
    const whole = tf.addN([loss, tf.mul(tf.mul(adversarial, balance), fooled), tf.mul(active, seen)]) as tf.Scalar;
    return { loss: whole, aux: { ...aux, adversarial: fooled, discriminator: seen, balance } };
  });
}

/**
 * A discriminator of patches (Isola et al. 2017, arXiv:1611.07004, section 3.2.2) and what an autoencoder and it learn from each other (Esser et al.
 * 2021, arXiv:2012.09841, eq. 6 and 7, as Stable Diffusion's autoencoder was trained). Groups are normalised in place of batches.
 */

import * as tf from '@tensorflow/tfjs-core';
import { conv2d, type Key, scope } from '../../engine';
import { detach } from '../../engine/internal';
import { type ConvParams, convLayer, groupNormLayer, type NormParams, type Spec } from '../../nn';
import { convSpec, initialise, normSpec, specShapes } from '../../nn/internal';

export type PatchDiscriminatorParams = { stages: { conv: ConvParams; norm?: NormParams }[]; out: ConvParams };

/** Width of the first layer; each of the others doubles it. */
const WIDTH = 32;
const STAGES = 3;
const LEAK = 0.2;
const INIT = { std: 0.02 } as const;

const spec = (channels: number): Spec<PatchDiscriminatorParams> => ({
  stages: Array.from({ length: STAGES }, (_, i) => ({
    conv: convSpec(i === 0 ? channels : WIDTH * 2 ** (i - 1), WIDTH * 2 ** i, 4, INIT),
    ...(i === 0 ? {} : { norm: normSpec(WIDTH * 2 ** i) }),
  })) as Spec<PatchDiscriminatorParams>['stages'],
  out: convSpec(WIDTH * 2 ** (STAGES - 1), 1, 4, INIT),
});

/** Random weights, normal with deviation 0.02; the caller disposes them. */
export function initPatchDiscriminator(channels: number, key: Key): PatchDiscriminatorParams {
  return initialise<PatchDiscriminatorParams>(spec(channels), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function patchDiscriminatorShapes(channels: number): Record<string, number[]> {
  return specShapes(spec(channels));
}

/**
 * @param images [B, H, W, C], -1 to 1
 * @returns      a logit for each patch, large for real, [B, h, w, 1]; the caller disposes it
 */
export function patchDiscriminator({ stages, out }: PatchDiscriminatorParams, images: tf.Tensor4D): tf.Tensor4D {
  return scope(() => {
    let x = images;
    for (const { conv, norm } of stages) {
      const y = convLayer(conv, x, { stride: 2, padding: 1 });
      x = tf.leakyRelu(norm ? groupNormLayer(norm, y, { groups: 8, eps: 1e-5 }) : y, LEAK);
    }
    return convLayer(out, x, { padding: 1 });
  });
}

/** ½ (mean max(0, 1 - real) + mean max(0, 1 + fake)): the hinge loss of the discriminator. */
export function hingeLoss(real: tf.Tensor, fake: tf.Tensor): tf.Scalar {
  return scope(() => tf.mul(tf.add(tf.mean(tf.relu(tf.sub(1, real))), tf.mean(tf.relu(tf.add(1, fake)))), 0.5) as tf.Scalar);
}

/** ½ (mean log(1 + e^-real) + mean log(1 + e^fake)): the discriminator's loss of Goodfellow et al. 2014 (arXiv:1406.2661), which taming-transformers offers beside. */
export function vanillaLoss(real: tf.Tensor, fake: tf.Tensor): tf.Scalar {
  return scope(() => tf.mul(tf.add(tf.mean(tf.softplus(tf.neg(real))), tf.mean(tf.softplus(fake))), 0.5) as tf.Scalar);
}

/**
 * How strongly losses of the image pull at the last layer: the norms of their gradients for its weight.
 *
 * @param states what the last layer sees, [B, H, W, C]
 * @param losses of the image [B, H, W, channels]
 */
export function lastLayerPulls(
  states: tf.Tensor4D,
  { weight, bias }: ConvParams,
  losses: readonly ((image: tf.Tensor4D) => tf.Scalar)[],
): tf.Scalar[] {
  return scope(() => {
    const [h, w, b] = [detach(states), detach(weight), bias && detach(bias)];
    return losses.map((loss) => tf.norm(tf.grad((x: tf.Tensor) => loss(conv2d(h, x as tf.Tensor4D, b, { padding: 1 })))(w)) as tf.Scalar);
  });
}

/**
 * ‖∇ reconstruction‖ / (‖∇ adversarial‖ + 1e-4), at most 1e4, where gradients are those of the last layer's weight (Esser et al., eq. 7): both losses
 * then pull as strongly. No gradient goes through it.
 *
 * @param states         what the last layer sees, [B, H, W, C]
 * @param reconstruction and `adversarial`: a loss of the image [B, H, W, channels]
 */
export function adaptiveWeight(
  states: tf.Tensor4D,
  last: ConvParams,
  reconstruction: (image: tf.Tensor4D) => tf.Scalar,
  adversarial: (image: tf.Tensor4D) => tf.Scalar,
): tf.Scalar {
  return scope(() => {
    const [wanted, given] = lastLayerPulls(states, last, [reconstruction, adversarial]) as [tf.Scalar, tf.Scalar];
    return tf.clipByValue(tf.div(wanted, tf.add(given, 1e-4)), 0, 1e4) as tf.Scalar;
  });
}

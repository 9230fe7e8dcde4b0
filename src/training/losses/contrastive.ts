/** Losses by which images and their reports find each other among the others of a batch. */

import * as tf from '@tensorflow/tfjs-core';
import { linear, scope } from '../../engine';
import { expectShape } from '../../engine/internal';

/** A contrastive loss, nats; the caller disposes all. */
export type ContrastiveLoss = {
  loss: tf.Scalar;
  /** Of each image among the texts, and of each text among the images, [B]. */
  imageToText: tf.Tensor1D;
  textToImage: tf.Tensor1D;
};

/**
 * The cosines of images and texts.
 *
 * @param images [B, D], of any length
 * @param texts  [B, D]
 * @returns      [B, B], a row for each image; the caller disposes it
 */
export function cosines(images: tf.Tensor2D, texts: tf.Tensor2D): tf.Tensor2D {
  const { B, D } = expectShape('cosines: images', images, 'B D') as { B: number; D: number };
  expectShape('cosines: texts', texts, `${B} ${D}`);
  return scope(() => linear(unit(images), tf.transpose(unit(texts)) as tf.Tensor2D));
}

/** Each row, along the last axis, at length 1, as torch's `normalize`: zeros stay zeros. */
export const unit = <T extends tf.Tensor>(x: T): T => tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), 1e-24)));

/** The cross-entropies of logits [..., n, n] whose diagonal is right: of each row, and of each column, [..., n] both. */
export function crossEntropies(logits: tf.Tensor): [rows: tf.Tensor, columns: tf.Tensor] {
  const right = tf.sum(tf.mul(logits, tf.eye(logits.shape.at(-1)!)), -1);
  const along = (axis: number): tf.Tensor => tf.sub(tf.logSumExp(logits, axis), right);
  return [along(logits.rank - 1), along(logits.rank - 2)];
}

function matched(logits: tf.Tensor2D): Pick<ContrastiveLoss, 'imageToText' | 'textToImage'> {
  const [imageToText, textToImage] = crossEntropies(logits) as [tf.Tensor1D, tf.Tensor1D];
  return { imageToText, textToImage };
}

export interface ConvirtOptions {
  /** Temperature, 0.1 in the paper. */
  readonly tau: number;
  /** What the image's side weighs, 0.75 in the paper; the text's side has the rest. */
  readonly lambda: number;
}

/** ConVIRT (Zhang et al. 2020, arXiv:2010.00747, equations 2 to 4). */
export function convirtLoss(images: tf.Tensor2D, texts: tf.Tensor2D, { tau, lambda }: ConvirtOptions): ContrastiveLoss {
  return scope(() => {
    const rows = matched(tf.div(cosines(images, texts), tau));
    const loss = tf.add(tf.mul(tf.mean(rows.imageToText), lambda), tf.mul(tf.mean(rows.textToImage), 1 - lambda)) as tf.Scalar;
    return { loss, ...rows };
  });
}

/**
 * CLIP's symmetric loss (Radford et al. 2021, arXiv:2103.00020, figure 3).
 *
 * @param logitScale the logarithm of the inverse temperature, which trains
 */
export function clipContrastiveLoss(images: tf.Tensor2D, texts: tf.Tensor2D, logitScale: tf.Scalar): ContrastiveLoss {
  return scope(() => {
    const rows = matched(tf.mul(cosines(images, texts), tf.exp(logitScale)));
    const loss = tf.mul(tf.add(tf.mean(rows.imageToText), tf.mean(rows.textToImage)), 0.5) as tf.Scalar;
    return { loss, ...rows };
  });
}

/** SigLIP's loss; the caller disposes both. */
export type SiglipLoss = {
  loss: tf.Scalar;
  /** Sums over the texts, for each image, [B]. */
  rows: tf.Tensor1D;
};

/**
 * SigLIP's loss (Zhai et al. 2023, arXiv:2303.15343, equation 2): each pair on its own is right or wrong.
 *
 * @param logitScale the logarithm of the inverse temperature, and `logitBias` what is added to logits; both train
 */
export function siglipLoss(images: tf.Tensor2D, texts: tf.Tensor2D, logitScale: tf.Scalar, logitBias: tf.Scalar): SiglipLoss {
  return scope(() => {
    const logits = tf.add(tf.mul(cosines(images, texts), tf.exp(logitScale)), logitBias);
    const signs = tf.sub(tf.mul(tf.eye(images.shape[0]), 2), 1);
    const rows = tf.sum(tf.softplus(tf.neg(tf.mul(signs, logits))), 1) as tf.Tensor1D;
    return { loss: tf.mean(rows) as tf.Scalar, rows };
  });
}

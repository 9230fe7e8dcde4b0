/** CLIP's two towers and their contrastive loss (Radford et al. 2021, arXiv:2103.00020). */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, linear, scope } from '../engine';
import { expectShape } from '../engine/internal';
import type { LinearParams, Spec } from '../nn';
import { initialise, linearSpec, specShapes } from '../nn/internal';
import { type ClipConfig, completeClipConfig, completeClipTextConfig, completeClipVisionConfig } from './clip-config';
import { type ClipTextOptions, type ClipTextParams, clipText, clipTextTowerSpec } from './clip-text';
import { type ClipVisionParams, clipVision, clipVisionTowerSpec } from './clip-vision';

export type ClipParams = {
  text_model: ClipTextParams['text_model'];
  vision_model: ClipVisionParams['vision_model'];
  text_projection: LinearParams;
  visual_projection: LinearParams;
  /** The logarithm of the inverse temperature. */
  logit_scale: tf.Scalar;
};

/** Results of both towers; the caller disposes them all. */
export type ClipOutput = {
  /** Of length 1, [B, projection_dim]. */
  imageEmbeds: tf.Tensor2D;
  /** Of length 1, [B', projection_dim]. */
  textEmbeds: tf.Tensor2D;
  /** Cosines times the inverse temperature, [B', B]; its transpose is CLIP's `logits_per_image`. */
  logitsPerText: tf.Tensor2D;
};

function clipSpec(config: ClipConfig): Spec<ClipParams> {
  const { text_config, vision_config, projection_dim, initializer_factor, logit_scale_init_value } = completeClipConfig(config);
  const text = completeClipTextConfig(text_config);
  const vision = completeClipVisionConfig(vision_config);
  const projection = (width: number): Spec<LinearParams> =>
    linearSpec(width, projection_dim, { noBias: true, std: width ** -0.5 * initializer_factor });
  return {
    text_model: clipTextTowerSpec(text),
    vision_model: clipVisionTowerSpec(vision),
    text_projection: projection(text.hidden_size),
    visual_projection: projection(vision.hidden_size),
    logit_scale: { shape: [], init: { kind: 'constant', value: logit_scale_init_value } },
  };
}

/** Random weights, as transformers' CLIP starts. The caller disposes the tree. */
export function initClip(config: ClipConfig, key: Key): ClipParams {
  return initialise<ClipParams>(clipSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function clipShapes(config: ClipConfig): Record<string, number[]> {
  return specShapes(clipSpec(config));
}

/** Each row divided by its length. */
const normalise = (x: tf.Tensor2D): tf.Tensor2D => tf.div(x, tf.sqrt(tf.sum(tf.square(x), 1, true)));

/**
 * The embedding of texts, not yet of length 1.
 *
 * @param ids int32 [B, L]
 * @returns   [B, projection_dim]; the caller disposes it
 */
export function clipTextFeatures(config: ClipConfig, params: ClipParams, ids: tf.Tensor2D, options: ClipTextOptions = {}): tf.Tensor2D {
  const { text_model, text_projection } = params;
  return scope(() => clipText(config.text_config ?? {}, { text_model, text_projection }, ids, options).textEmbeds!);
}

/**
 * The embedding of images, not yet of length 1.
 *
 * @param pixels [B, image_size, image_size, num_channels], normalised as CLIP's processor does
 * @returns      [B, projection_dim]; the caller disposes it
 */
export function clipImageFeatures(config: ClipConfig, params: ClipParams, pixels: tf.Tensor4D): tf.Tensor2D {
  return scope(() => clipVision(config.vision_config ?? {}, params, pixels).imageEmbeds!);
}

/** How well each text and each image fit. */
export function clip(
  config: ClipConfig,
  params: ClipParams,
  ids: tf.Tensor2D,
  pixels: tf.Tensor4D,
  options: ClipTextOptions = {},
): ClipOutput {
  return scope(() => {
    const textEmbeds = normalise(clipTextFeatures(config, params, ids, options));
    const imageEmbeds = normalise(clipImageFeatures(config, params, pixels));
    const cosines = linear(textEmbeds, tf.transpose(imageEmbeds)) as tf.Tensor2D; // [B', B]
    return { imageEmbeds, textEmbeds, logitsPerText: tf.mul(cosines, tf.exp(params.logit_scale)) };
  });
}

/**
 * The contrastive loss: text i belongs to image i. The mean of the cross-entropies along both axes.
 *
 * @param logitsPerText [B, B]
 * @returns             a scalar, nats; the caller disposes it
 */
export function clipLoss(logitsPerText: tf.Tensor2D): tf.Scalar {
  expectShape('clipLoss: logitsPerText', logitsPerText, 'B B');
  return scope(() => {
    const matches = tf.mean(tf.sum(tf.mul(logitsPerText, tf.eye(logitsPerText.shape[0])), 1));
    const average = (axis: number): tf.Tensor => tf.mean(tf.logSumExp(logitsPerText, axis));
    return tf.sub(tf.mul(tf.add(average(0), average(1)), 0.5), matches) as tf.Scalar;
  });
}

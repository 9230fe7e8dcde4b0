/** Images and texts as vectors of the common space, each of length 1: first that of the whole, then those of places or words. */

import * as tf from '@tensorflow/tfjs-core';
import { type BertParams, bert } from '../../../encoders';
import { scope } from '../../../engine';
import type { BatchStatistics } from '../../../nn';
import { unit } from '../../../training/internal';
import type { ResNetParams } from '../../../vision';
import { encodeImages } from '../../../vision/internal';
import type { SeiEncoders } from './config';
import { type ProjectionParams, projection } from './heads';

export type VisualParams = { visual_extractor: ResNetParams; visual_global: ProjectionParams; visual_local: ProjectionParams };
/** A text encoder with its projections. */
export type TextualParams = { encoder: BertParams; global: ProjectionParams; local: ProjectionParams };

/** Texts of B studies; those of studies without one are padding alone. */
export type TextTensors = {
  /** int32 [B, L]. */
  ids: tf.Tensor2D;
  /** 1 for tokens, 0 for padding, int32 [B, L]. */
  mask: tf.Tensor2D;
};

/**
 * @param images     [B, size, size, 1], 0 to 1
 * @param statistics in training mode
 * @returns          [B, 1 + places, output_dim]; the caller disposes it
 */
export function visualVectors(
  { image }: SeiEncoders,
  params: VisualParams,
  images: tf.Tensor4D,
  statistics?: BatchStatistics,
): tf.Tensor3D {
  return scope(() => {
    const { vector, places } = encodeImages(image, params.visual_extractor, images, statistics);
    const whole = tf.expandDims(projection(params.visual_global, vector, statistics), 1);
    return unit(tf.concat([whole, projection(params.visual_local, places, statistics)], 1) as tf.Tensor3D);
  });
}

/** @returns [B, L, output_dim]: the first token's stands for the whole; the caller disposes it */
export function textualVectors(
  { text }: SeiEncoders,
  params: TextualParams,
  { ids, mask }: TextTensors,
  statistics?: BatchStatistics,
): tf.Tensor3D {
  const [B, L] = ids.shape;
  return scope(() => {
    const { lastHiddenState: states } = bert(text, params.encoder, ids, { mask });
    const C = states.shape[2];
    const first = tf.slice(states, [0, 0, 0], [B, 1, C]);
    const words = tf.slice(states, [0, 1, 0], [B, L - 1, C]);
    return unit(tf.concat([projection(params.global, first, statistics), projection(params.local, words, statistics)], 1) as tf.Tensor3D);
  });
}

/** Stage 1: images and what their reports say, aligned as wholes and word by place (Liu et al. 2024, arXiv:2405.14905). */

import * as tf from '@tensorflow/tfjs-core';
import type { BertParams } from '../../../encoders';
import { bertShapes, completeBertConfig, initBert } from '../../../encoders/internal';
import { type Key, scope, split } from '../../../engine';
import type { BatchStatistics, Spec } from '../../../nn';
import { initialise, specShapes } from '../../../nn/internal';
import { convirtLoss, wordPatchLoss } from '../../../training';
import { initResNet } from '../../../vision';
import { resnetShapes } from '../../../vision/internal';
import { type AlignmentConfig, imageChannels, type SeiEncoders } from './config';
import { type TextTensors, textualVectors, type VisualParams, visualVectors } from './encode';
import { type ProjectionParams, projectionSpec } from './heads';

/** By the names of the paper's modules. */
export type AlignmentParams = VisualParams & { text_encoder: BertParams; text_global: ProjectionParams; text_local: ProjectionParams };

export type AlignmentBatch = { images: tf.Tensor4D; texts: TextTensors };

/** The loss and its two parts, nats; the caller disposes them. */
export type AlignmentLoss = { loss: tf.Scalar; aux: { instance: tf.Scalar; region: tf.Scalar } };

type Projections<Names extends string> = Record<Names, ProjectionParams>;

export function visualProjections(config: SeiEncoders): Spec<Projections<'visual_global' | 'visual_local'>> {
  const { whole, place } = imageChannels(config);
  return { visual_global: projectionSpec(whole, config.output_dim), visual_local: projectionSpec(place, config.output_dim) };
}

/** Of a text's whole and of its words. */
export const textProjection = ({ text, output_dim }: SeiEncoders): Spec<ProjectionParams> =>
  projectionSpec(completeBertConfig(text).hidden_size, output_dim);

function projectionsSpec(config: SeiEncoders): Spec<Projections<'visual_global' | 'visual_local' | 'text_global' | 'text_local'>> {
  return { ...visualProjections(config), text_global: textProjection(config), text_local: textProjection(config) };
}

/** Random weights; the caller disposes the tree. */
export function initAlignment(config: AlignmentConfig, key: Key): AlignmentParams {
  const [image, text, heads] = split(key, 3) as [Key, Key, Key];
  return {
    visual_extractor: initResNet(config.image.resnet, image),
    text_encoder: initBert(config.text, text),
    ...initialise<Projections<'visual_global' | 'visual_local' | 'text_global' | 'text_local'>>(projectionsSpec(config), heads),
  };
}

/** Shapes below a name. */
export const below = (name: string, shapes: Record<string, number[]>): Record<string, number[]> =>
  Object.fromEntries(Object.entries(shapes).map(([path, shape]) => [`${name}.${path}`, shape]));

/** Every parameter's shape by its path; nothing is allocated. */
export function alignmentShapes(config: AlignmentConfig): Record<string, number[]> {
  return {
    ...below('visual_extractor', resnetShapes(config.image.resnet)),
    ...below('text_encoder', bertShapes(config.text)),
    ...specShapes(projectionsSpec(config)),
  };
}

/**
 * Symmetric InfoNCE between images and texts of a batch, and between each report's words and what these see of the image; their sum.
 *
 * @param statistics in training mode
 */
export function alignmentLoss(
  config: AlignmentConfig,
  params: AlignmentParams,
  { images, texts }: AlignmentBatch,
  statistics?: BatchStatistics,
): AlignmentLoss {
  return scope(() => {
    const visual = visualVectors(config, params, images, statistics);
    const { text_encoder: encoder, text_global: global, text_local: local } = params;
    const textual = textualVectors(config, { encoder, global, local }, texts, statistics);
    const instance = convirtLoss(firstOf(visual), firstOf(textual), { tau: config.instance_temp, lambda: 0.5 }).loss;
    const region = wordPatchLoss(restOf(textual), restOf(visual), config.region_temp).loss;
    return { loss: tf.add(instance, region) as tf.Scalar, aux: { instance, region } };
  });
}

const firstOf = (x: tf.Tensor3D): tf.Tensor2D => tf.squeeze(tf.slice(x, [0, 0, 0], [-1, 1, -1]), [1]) as tf.Tensor2D;

/** Without the first vector, which stands for the whole. */
export const restOf = (x: tf.Tensor3D): tf.Tensor3D => tf.slice(x, [0, 1, 0], [-1, -1, -1]);

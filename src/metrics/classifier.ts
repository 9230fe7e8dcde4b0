/** A small convolutional classifier: which findings (or kinds of things) are there, on which side, and the features that distances are measured in. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope } from '../engine';
import { expectShape, silu } from '../engine/internal';
import { type ConvParams, convLayer, groupNormLayer, type LinearParams, linearLayer, type NormParams, type Spec } from '../nn';
import { convSpec, initialise, linearSpec, normSpec, specShapes } from '../nn/internal';

/** What the classifier sees and says. */
export interface ClassifierConfig {
  /** Pixels a side, a multiple of 16. */
  readonly size: number;
  readonly channels: readonly [number, number, number];
  /** Width of the layer between convolutions and outputs. */
  readonly hidden: number;
  readonly findings: readonly string[];
  /** Those of the findings that have a side. */
  readonly sided: readonly string[];
}

export type ClassifierParams = {
  stages: { conv: ConvParams; norm: NormParams }[];
  embed: LinearParams;
  presence: LinearParams;
  side: LinearParams;
};

/** Outputs for a batch. */
export type ClassifierOutput = {
  /** [B, channels[2]]; what distances are measured in: the last convolution's outputs, their mean over the image, as FID takes Inception's. */
  features: tf.Tensor2D;
  /** Logits of presence, [B, findings]. */
  presence: tf.Tensor2D;
  /** Logits of "right" against "left", [B, sided]; meaningful where the finding is present. */
  side: tf.Tensor2D;
};

/** Channels in and out and stride of each convolution: four halvings. */
const stages = ([a, b, c]: ClassifierConfig['channels']): readonly (readonly [number, number, 1 | 2])[] => [
  [1, a, 2],
  [a, b, 2],
  [b, b, 1],
  [b, c, 2],
  [c, c, 1],
  [c, c, 2],
];

const GROUPS = 8;

function classifierSpec({ size, channels, hidden, findings, sided }: ClassifierConfig): Spec<ClassifierParams> {
  if (size % 16 !== 0) throw new RangeError(`classifier: size: expected a multiple of 16, got ${size}`);
  return {
    stages: stages(channels).map(([inputs, outputs]) => ({ conv: convSpec(inputs, outputs, 3), norm: normSpec(outputs) })),
    embed: linearSpec(((size / 16) ** 2 + 1) * channels[2], hidden),
    presence: linearSpec(hidden, findings.length),
    side: linearSpec(hidden, Math.max(1, sided.length)), // a tensor can't be empty
  };
}

/** Random weights; the caller disposes them. */
export function initClassifier(config: ClassifierConfig, key: Key): ClassifierParams {
  return initialise<ClassifierParams>(classifierSpec(config), key);
}

/** Shapes by parameter key, for loading. */
export function classifierShapes(config: ClassifierConfig): Record<string, number[]> {
  return specShapes(classifierSpec(config));
}

/**
 * What each convolution makes of images, from fine to coarse: where a perceptual loss compares them.
 *
 * @param images [B, size, size, 1], 0 to 1
 * @returns      [B, h, w, C] each; the caller disposes them
 */
export function classifierStages(config: ClassifierConfig, params: ClassifierParams, images: tf.Tensor4D): tf.Tensor4D[] {
  return scope(() => {
    let x = tf.mul(tf.sub(images, 0.5), 4) as tf.Tensor4D; // radiographs have a standard deviation of about a quarter
    return stages(config.channels).map(([, , stride], i) => {
      const { conv, norm } = params.stages[i]!;
      const y = convLayer(conv, x, { stride, padding: 1 });
      x = groupNormLayer(norm, y, { groups: GROUPS, eps: 1e-5, silu: true });
      return x;
    });
  });
}

/**
 * @param images [B, size, size, 1], 0 to 1
 * @returns the caller disposes it
 */
export function classifier(config: ClassifierConfig, params: ClassifierParams, images: tf.Tensor4D): ClassifierOutput {
  const { B } = expectShape('classifier: images', images, `B ${config.size} ${config.size} 1`);
  return scope(() => {
    const x = classifierStages(config, params, images).pop()!;
    const flat = tf.reshape(x, [B!, -1]) as tf.Tensor2D; // positions stay apart: a side is a place
    const anywhere = tf.max(x, [1, 2]) as tf.Tensor2D; // and what may be anywhere need not be learnt at each of them
    const hidden = silu(linearLayer(params.embed, tf.concat([flat, anywhere], 1)));
    return {
      features: tf.mean(x, [1, 2]) as tf.Tensor2D,
      presence: linearLayer(params.presence, hidden),
      side: linearLayer(params.side, hidden),
    };
  });
}

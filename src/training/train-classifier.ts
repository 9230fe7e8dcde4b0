/** Training the classifier on images with labels and sides. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope, split } from '../engine';
import type { Classifier, ClassifierConfig, ClassifierParams, Labelled } from '../metrics';
import { classifier, initClassifier } from '../metrics/internal';
import { dataOrder } from './data-order';
import type { Optimisation } from './optimiser/optimisation';
import type { StepLog } from './step-log';
import { type LiveParameters, train } from './train';

export interface TrainClassifierOptions {
  readonly config: ClassifierConfig;
  /** n images one after another, 0 to 1. */
  readonly pixels: Float32Array;
  /** n records. */
  readonly records: readonly Labelled[];
  readonly optimisation: Optimisation;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onStep?: (log: StepLog, live: LiveParameters<ClassifierParams>) => void | Promise<void>;
}

type Batch = {
  images: tf.Tensor4D;
  presence: tf.Tensor2D;
  /** 1 where the finding's presence is known. */
  known: tf.Tensor2D;
  right: tf.Tensor2D;
  /** 1 where the finding is there with a side. */
  sided: tf.Tensor2D;
};

/** Mean binary cross-entropy of logits where `weight` is 1: max(z, 0) - z·y + log(1 + e^-|z|). */
function crossEntropy(logits: tf.Tensor2D, targets: tf.Tensor2D, weight: tf.Tensor2D): tf.Scalar {
  const each = tf.add(tf.sub(tf.relu(logits), tf.mul(logits, targets)), tf.log1p(tf.exp(tf.neg(tf.abs(logits)))));
  return tf.div(tf.sum(tf.mul(each, weight)), tf.maximum(tf.sum(weight), 1)) as tf.Scalar;
}

/**
 * Trains from random weights: presence of every finding, and the side of those that have one.
 *
 * @returns the caller disposes its parameters; `interrupted` where a signal ended it early
 */
export async function trainClassifier(options: TrainClassifierOptions): Promise<Classifier & { interrupted: boolean }> {
  const { config, pixels, records, optimisation } = options;
  const area = config.size ** 2;
  if (pixels.length !== records.length * area)
    throw new RangeError(`trainClassifier: ${records.length} records need ${records.length * area} values of pixels, got ${pixels.length}`);
  const [initial, ordering] = split(options.key) as [Key, Key];
  const order = dataOrder(ordering, records.length, optimisation.batch_size);
  const sides = Math.max(1, config.sided.length);

  const batch = (step: number): Batch => {
    const indices = order(step);
    const B = indices.length;
    const images = new Float32Array(B * area);
    const [presence, known] = [new Float32Array(B * config.findings.length), new Float32Array(B * config.findings.length)];
    const [right, sided] = [new Float32Array(B * sides), new Float32Array(B * sides)];
    indices.forEach((record, b) => {
      images.set(pixels.subarray(record * area, (record + 1) * area), b * area);
      const { labels, sides: where } = records[record]!;
      config.findings.forEach((finding, f) => {
        presence[b * config.findings.length + f] = labels[finding] ?? 0;
        known[b * config.findings.length + f] = labels[finding] === undefined ? 0 : 1;
      });
      config.sided.forEach((finding, f) => {
        right[b * sides + f] = where[finding] === 'right' ? 1 : 0;
        sided[b * sides + f] = where[finding] === undefined ? 0 : 1;
      });
    });
    return {
      images: tf.tensor4d(images, [B, config.size, config.size, 1]),
      presence: tf.tensor2d(presence, [B, config.findings.length]),
      known: tf.tensor2d(known, [B, config.findings.length]),
      right: tf.tensor2d(right, [B, sides]),
      sided: tf.tensor2d(sided, [B, sides]),
    };
  };

  const params = initClassifier(config, initial);
  try {
    const result = await train<ClassifierParams, Batch>({
      params,
      handOver: true,
      batch,
      optimisation,
      loss: (weights, { images, presence, known, right, sided }) =>
        scope(() => {
          const out = classifier(config, weights, images);
          return tf.add(crossEntropy(out.presence, presence, known), crossEntropy(out.side, right, sided)) as tf.Scalar;
        }),
      signal: options.signal,
      onStep: options.onStep,
    });
    return { config, params: result.params, interrupted: result.interrupted };
  } finally {
    tf.dispose(params as unknown as tf.TensorContainer);
  }
}

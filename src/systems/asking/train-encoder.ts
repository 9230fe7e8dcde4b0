/** Training of an encoder of images on their labels, by a linear layer that is no part of what it becomes. */

import * as tf from '@tensorflow/tfjs-core';
import { foldIn, type Key, scope, split } from '../../engine';
import type { Rows } from '../../files';
import type { LinearParams } from '../../nn';
import { initialise, linearSpec } from '../../nn/internal';
import type { Optimisation, Watched } from '../../training';
import { augmentedImages, dataOrder, headsLoss, presenceHeads, trainNormalised, UNKNOWN } from '../../training/internal';
import { type LabelledEncoder, labelLogits, type VectorEncoder } from './labelled-encoder';

export interface TrainEncoderOptions extends Watched {
  readonly network: VectorEncoder;
  readonly findings: readonly string[];
  /** Of each image, by finding; unknown where it is not there. */
  readonly labels: readonly Readonly<Record<string, number>>[];
  readonly pixels: Rows;
  readonly optimisation: Optimisation;
  readonly key: Key;
}

type Batch = { images: tf.Tensor4D; answers: tf.Tensor2D };

/**
 * Trains from random weights on images that are moved and exposed a little differently each time.
 *
 * @returns the caller disposes it
 * @throws RangeError where no image has a label; the signal's reason where it was raised: with checkpoints the same call goes on
 */
export async function trainEncoder(options: TrainEncoderOptions): Promise<LabelledEncoder> {
  const { network, findings, labels, pixels, optimisation, key, signal, onStart, onStep, checkpoints } = options;
  if (!findings.some((name) => labels.some((of) => of[name] !== undefined)))
    throw new RangeError('no image has a label that the encoder could learn');
  const heads = presenceHeads(findings);
  const [initial, layer, ordering, augmenting] = split(key, 4) as [Key, Key, Key, Key];
  const order = dataOrder(ordering, pixels.length, optimisation.batch_size);
  const { params } = await trainNormalised<LabelledEncoder, Batch>({
    params: {
      encoder: network.init(initial),
      head: initialise<LinearParams>(linearSpec(network.width, findings.length), layer),
    },
    async batch(index) {
      const rows = order(index);
      const answers = Array.from(rows, (row) => findings.map((name) => labels[row]![name] ?? UNKNOWN));
      return {
        images: await augmentedImages(pixels, rows, network.size, foldIn(augmenting, index)),
        answers: tf.tensor2d(answers, [rows.length, findings.length], 'int32'),
      };
    },
    loss: (weights, { images, answers }, statistics) =>
      scope(() => headsLoss(heads, labelLogits(network, weights, images, statistics), answers)),
    optimisation,
    ...(signal && { signal }),
    ...(onStart && { onStart }),
    ...(onStep && { onStep }),
    ...(checkpoints && { checkpoints }),
  });
  return params;
}

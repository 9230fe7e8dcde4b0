/** Training the autoencoder of a codebook on images. */

import * as tf from '@tensorflow/tfjs-core';
import { foldIn, randomInts } from '../engine';
import type { VqConfig, VqParams } from '../vq';
import { completeVqConfig, vqFactor } from '../vq/internal';
import { type VqBatch, type VqLossWeights, type VqTrained, vqTrainingLoss } from './losses/vq-loss';
import type { TrainResult } from './train';
import { type TrainAutoencoderOptions, trainAutoencoder } from './train-autoencoder';

export interface TrainVqOptions extends TrainAutoencoderOptions<VqParams, VqLossWeights> {
  readonly config: VqConfig;
}

/** The child of a step's key that the places of unused codes are drawn from; where crops lie is drawn from others. */
const PLACES = 3;

/**
 * Trains it (`vqTrainingLoss`). Logged beside the loss: its terms, unweighted, and the perplexity of each batch's codes.
 *
 * @throws as `trainAutoencoder`
 * @returns the caller disposes its parameters
 */
export async function trainVq(options: TrainVqOptions): Promise<TrainResult<VqParams>> {
  const { config, weights, optimisation, checkpointing = false } = options;
  const { in_channels, num_vq_embeddings: codes } = completeVqConfig(config);
  return trainAutoencoder<VqParams, VqTrained, VqBatch>(
    {
      where: 'trainVq',
      factor: vqFactor(config),
      channels: in_channels,
      trained: (vq) => ({ vq }),
      paramsOf: ({ vq }) => vq,
      beside: (drawn, side) =>
        weights.revival
          ? { places: tf.tensor1d(randomInts(foldIn(drawn, PLACES), codes, 0, optimisation.batch_size * side ** 2), 'int32') }
          : {},
      loss: (trained, batch, judge) => vqTrainingLoss(config, weights, trained, batch, judge, checkpointing),
    },
    options,
  );
}

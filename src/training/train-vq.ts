/** Training the autoencoder of a codebook on images. */

import type { VqConfig, VqParams } from '../vq';
import { completeVqConfig, vqFactor } from '../vq/internal';
import { type VqBatch, type VqLossWeights, type VqTrained, vqTrainingLoss } from './losses/vq-loss';
import type { TrainResult } from './train';
import { type TrainAutoencoderOptions, trainAutoencoder } from './train-autoencoder';

export interface TrainVqOptions extends TrainAutoencoderOptions<VqParams, VqLossWeights> {
  readonly config: VqConfig;
}

/**
 * Trains it (`vqTrainingLoss`). Logged beside the loss: its terms, unweighted, and the perplexity of each batch's codes.
 *
 * @throws as `trainAutoencoder`
 * @returns the caller disposes its parameters
 */
export async function trainVq(options: TrainVqOptions): Promise<TrainResult<VqParams>> {
  const { config, weights, checkpointing = false } = options;
  const { in_channels } = completeVqConfig(config);
  return trainAutoencoder<VqParams, VqTrained, VqBatch>(
    {
      where: 'trainVq',
      factor: vqFactor(config),
      channels: in_channels,
      trained: (vq) => ({ vq }),
      paramsOf: ({ vq }) => vq,
      beside: () => ({}),
      loss: (trained, batch, judge) => vqTrainingLoss(config, weights, trained, batch, judge, checkpointing),
    },
    options,
  );
}

/** Training the autoencoder of a Gaussian on images. */

import * as tf from '@tensorflow/tfjs-core';
import { normalArray } from '../engine/internal';
import type { VaeConfig, VaeParams } from '../vae';
import { completeVaeConfig, vaeFactor } from '../vae/internal';
import { type VaeBatch, type VaeLossWeights, type VaeTrained, vaeTrainingLoss } from './losses/vae-loss';
import type { TrainResult } from './train';
import { type TrainAutoencoderOptions, trainAutoencoder } from './train-autoencoder';

export interface TrainVaeOptions extends TrainAutoencoderOptions<VaeParams, VaeLossWeights> {
  readonly config: VaeConfig;
}

/**
 * Trains reconstruction and a slight pull of the latents to the standard normal (`vaeTrainingLoss`). Logged beside the loss: its terms, unweighted.
 *
 * @throws as `trainAutoencoder`
 * @returns the caller disposes its parameters
 */
export async function trainVae(options: TrainVaeOptions): Promise<TrainResult<VaeParams>> {
  const { config, weights, optimisation, checkpointing = false } = options;
  const { in_channels, latent_channels } = completeVaeConfig(config);
  return trainAutoencoder<VaeParams, VaeTrained, VaeBatch>(
    {
      where: 'trainVae',
      factor: vaeFactor(config),
      channels: in_channels,
      trained: (vae) => ({ vae }),
      paramsOf: ({ vae }) => vae,
      beside(drawn, side) {
        const shape = [optimisation.batch_size, side, side, latent_channels] as [number, number, number, number];
        return { noise: tf.tensor4d(normalArray(drawn, tf.util.sizeFromShape(shape)), shape) };
      },
      loss: (trained, batch, judge) => vaeTrainingLoss(config, weights, trained, batch, judge, checkpointing),
    },
    options,
  );
}

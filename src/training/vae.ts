/** Training the autoencoder on images. */

import * as tf from '@tensorflow/tfjs-core';
import { foldIn, type Key, normalArray, scope, split, uniformArray } from '../engine';
import { decode, encode, samplePosterior, type VaeConfig, type VaeParams } from '../vae';
import { dataOrder } from './data-order';
import { type VaeLossWeights, vaeLoss } from './losses';
import type { Optimisation } from './optimisation';
import type { StepLog } from './step-log';
import { type CheckpointOptions, type LiveParameters, type TrainResult, train } from './train';

export interface TrainVaeOptions {
  readonly config: VaeConfig;
  /** Where it starts; borrowed. */
  readonly params: VaeParams;
  /** n grey images one after another, each size × size, 0 to 1. */
  readonly pixels: Float32Array;
  readonly size: number;
  readonly weights: VaeLossWeights;
  readonly optimisation: Optimisation;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onStep?: (log: StepLog, live: LiveParameters<VaeParams>) => void | Promise<void>;
  readonly onStart?: (log: readonly StepLog[]) => void | Promise<void>;
  readonly checkpoints?: CheckpointOptions;
  /** Compute inner results of the blocks again on the way back: less memory, more time. */
  readonly checkpointing?: boolean;
  /** Share of pictures that are mirrored left to right; 0 where left out, as it must be for chests, whose heart is on the left. */
  readonly flip?: number;
}

type Batch = { images: tf.Tensor4D; noise: tf.Tensor4D };

/**
 * Trains reconstruction and a slight pull of the latents to the standard normal. Logged beside the loss: `reconstruction` and `kl`, unweighted.
 *
 * @returns the caller disposes its parameters
 */
export async function trainVae(options: TrainVaeOptions): Promise<TrainResult<VaeParams>> {
  const { config, pixels, size, optimisation, checkpointing = false, flip = 0 } = options;
  const area = size * size;
  const factor = 2 ** ((config.block_out_channels?.length ?? 1) - 1);
  const latents = [optimisation.batchSize, size / factor, size / factor, config.latent_channels ?? 4] as [number, number, number, number];
  const [ordering, sampling] = split(options.key) as [Key, Key];
  const order = dataOrder(ordering, pixels.length / area, optimisation.batchSize);

  const batch = (step: number): Batch => {
    const images = new Float32Array(optimisation.batchSize * area);
    const flips = uniformArray(split(foldIn(sampling, step))[0]!, optimisation.batchSize);
    order(step).forEach((record, b) => {
      const mirrored = flips[b]! < flip;
      for (let i = 0; i < area; i++) {
        const from = mirrored ? i - (i % size) + size - 1 - (i % size) : i;
        images[b * area + i] = 2 * pixels[record * area + from]! - 1;
      }
    });
    const noise = normalArray(foldIn(sampling, step), tf.util.sizeFromShape(latents));
    return { images: tf.tensor4d(images, [optimisation.batchSize, size, size, 1]), noise: tf.tensor4d(noise, latents) };
  };

  return train<VaeParams, Batch>({
    params: options.params,
    batch,
    optimisation,
    loss: (params, { images, noise }) =>
      scope(() => {
        const posterior = encode(config, params, images, { checkpointing });
        const reconstruction = decode(config, params, samplePosterior(posterior, noise), { checkpointing });
        const { loss, ...aux } = vaeLoss(images, reconstruction, posterior.mean, posterior.logvar, options.weights);
        return { loss, aux };
      }),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onStep ? { onStep: options.onStep } : {}),
    ...(options.onStart ? { onStart: options.onStart } : {}),
    ...(options.checkpoints ? { checkpoints: options.checkpoints } : {}),
  });
}

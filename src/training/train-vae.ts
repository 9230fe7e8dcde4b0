/** Training the autoencoder on images. */

import * as tf from '@tensorflow/tfjs-core';
import { cloneTree, dispose, foldIn, type Key, split, type Tree } from '../engine';
import { normalArray } from '../engine/internal';
import type { Rows } from '../files';
import type { PerceptualNetwork } from '../metrics';
import type { VaeConfig, VaeParams } from '../vae';
import { completeVaeConfig, vaeFactor } from '../vae/internal';
import { checkCrop, cutCrops, drawCrops } from './crops';
import { dataOrder } from './data-order';
import { initPatchDiscriminator } from './losses/patch-discriminator';
import { type VaeBatch, type VaeLossWeights, type VaeTrained, vaeTrainingLoss } from './losses/vae-loss';
import type { Optimisation } from './optimiser/optimisation';
import type { StepLog } from './step-log';
import { type CheckpointOptions, type TrainResult, train } from './train';

export interface TrainVaeOptions {
  readonly config: VaeConfig;
  /** Where it starts; borrowed. */
  readonly params: VaeParams;
  /** Grey images, each size × size, 0 to 1. */
  readonly pixels: Rows;
  readonly size: number;
  readonly weights: VaeLossWeights;
  /** In whose features images are compared where the weights say so; borrowed. */
  readonly perceptual?: PerceptualNetwork;
  readonly optimisation: Optimisation;
  readonly key: Key;
  readonly signal?: AbortSignal;
  /** `averaged()` makes the autoencoder's parameters as they are now; the caller disposes them. */
  readonly onStep?: (log: StepLog, averaged: () => VaeParams) => void | Promise<void>;
  readonly onStart?: (log: readonly StepLog[]) => void | Promise<void>;
  readonly checkpoints?: CheckpointOptions;
  /** Compute inner results of the blocks again on the way back: less memory, more time. */
  readonly checkpointing?: boolean;
  /** Fraction of images that are mirrored left to right; by default 0, as it must be for chests, whose heart is on the left. */
  readonly flip?: number;
  /** Side of the random squares of the images that it trains on, pixels, a multiple of the autoencoder's factor; by default the whole images. */
  readonly crop?: number;
}

/**
 * Trains reconstruction and a slight pull of the latents to the standard normal (`vaeTrainingLoss`). Logged beside the loss: its terms, unweighted.
 *
 * The networks are convolutional, so what they learn of crops holds for whole images; a crop's step takes memory and time of its own size.
 *
 * @throws RangeError where the weights ask for a perceptual term and there is no network for it, or `crop` does not fit
 * @returns the caller disposes its parameters
 */
export async function trainVae(options: TrainVaeOptions): Promise<TrainResult<VaeParams>> {
  const { config, pixels, size, optimisation, checkpointing = false, flip = 0, crop: side = size } = options;
  const crops = { size, side, flip };
  const factor = vaeFactor(config);
  checkCrop('trainVae: crop', factor, side, size);
  const { in_channels, latent_channels } = completeVaeConfig(config);
  const latents = [optimisation.batch_size, side / factor, side / factor, latent_channels] as [number, number, number, number];
  const [ordering, sampling] = split(options.key) as [Key, Key];
  const order = dataOrder(ordering, pixels.length, optimisation.batch_size);

  const { weights, perceptual } = options;
  if (weights.perceptual && !perceptual)
    throw new RangeError('trainVae: weights.perceptual: expected a network beside it; give perceptual (metrics: perceptualNetwork)');
  const accumulation = optimisation.accumulation ?? 1;
  const batch = async (step: number): Promise<VaeBatch> => {
    const chosen = await pixels.read(order(step));
    const images = cutCrops(chosen, drawCrops(foldIn(sampling, step), optimisation.batch_size, crops), crops);
    const noise = normalArray(foldIn(sampling, step), tf.util.sizeFromShape(latents));
    const { adversarial } = weights;
    const active = adversarial && Math.floor(step / accumulation) + 1 >= adversarial.from;
    return {
      images: tf.tensor4d(images, [optimisation.batch_size, side, side, 1]),
      noise: tf.tensor4d(noise, latents),
      ...(adversarial ? { adversarial: tf.scalar(active ? adversarial.weight : 0) } : {}),
    };
  };

  // Trees of its own, on the same memory, so that it can be handed over.
  const start = {
    params: {
      vae: cloneTree(options.params),
      ...(weights.adversarial ? { discriminator: initPatchDiscriminator(in_channels, foldIn(options.key, 2)) } : {}),
    },
    frozen: perceptual && weights.perceptual ? { perceptual: cloneTree(perceptual.params as Tree) } : {},
  };
  try {
    const { params, frozen, ...rest } = await train<VaeTrained, VaeBatch, { perceptual?: Tree }>({
      ...start,
      handOver: true,
      batch,
      optimisation,
      loss: (trained, inputs, frozenParams) => {
        const features = (frozenParams as { perceptual?: Tree } | undefined)?.perceptual; // an empty tree does not come back from a compiled state
        const perceptualInputs = perceptual && features && { network: perceptual, params: features };
        return vaeTrainingLoss(config, weights, trained, inputs, perceptualInputs, checkpointing);
      },
      signal: options.signal,
      onStep: options.onStep && ((log, live) => options.onStep!(log, () => autoencoderOf(live.averaged()))),
      onStart: options.onStart,
      checkpoints: options.checkpoints,
    });
    return { ...rest, params: autoencoderOf({ params, frozen }), frozen: {} };
  } finally {
    dispose(start.params, start.frozen);
  }
}

/** The autoencoder alone; the rest is freed. */
function autoencoderOf({ params, frozen }: { params: VaeTrained; frozen: Tree }): VaeParams {
  dispose(params.discriminator, frozen);
  return params.vae;
}

/** Training the autoencoder of a codebook on images. */

import * as tf from '@tensorflow/tfjs-core';
import { cloneTree, dispose, foldIn, type Key, randomInts, split, type Tree } from '../engine';
import type { Rows } from '../files';
import type { PerceptualNetwork } from '../metrics';
import type { VqConfig, VqParams } from '../vq';
import { completeVqConfig, vqFactor } from '../vq/internal';
import { checkCrop, cutCrops, drawCrops } from './crops';
import { dataOrder } from './data-order';
import { initPatchDiscriminator } from './losses/patch-discriminator';
import { type VqBatch, type VqLossWeights, type VqTrained, vqTrainingLoss } from './losses/vq-loss';
import type { Optimisation } from './optimiser/optimisation';
import type { StepLog } from './step-log';
import { type CheckpointOptions, type TrainResult, train } from './train';

export interface TrainVqOptions {
  readonly config: VqConfig;
  /** Where it starts; borrowed. */
  readonly params: VqParams;
  /** Grey images, each size × size, 0 to 1. */
  readonly pixels: Rows;
  readonly size: number;
  readonly weights: VqLossWeights;
  /** In whose features images are compared where the weights say so; borrowed. */
  readonly perceptual?: PerceptualNetwork;
  readonly optimisation: Optimisation;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onStep?: (log: StepLog) => void | Promise<void>;
  readonly onStart?: (log: readonly StepLog[]) => void | Promise<void>;
  readonly checkpoints?: CheckpointOptions;
  /** Compute inner results of the blocks again on the way back: less memory, more time. */
  readonly checkpointing?: boolean;
  /** Side of the random squares of the images that it trains on, pixels, a multiple of the factor; by default the whole images. */
  readonly crop?: number;
}

/** The children of a step's key: where crops lie is drawn from the key itself. */
const PLACES = 3;

/**
 * Trains it (`vqTrainingLoss`). Logged beside the loss: its terms, unweighted, and the perplexity of each batch's codes.
 *
 * @throws RangeError where the weights ask for a perceptual term and there is no network for it, or `crop` does not fit
 * @returns the caller disposes its parameters
 */
export async function trainVq(options: TrainVqOptions): Promise<TrainResult<VqParams>> {
  const { config, pixels, size, weights, perceptual, optimisation, checkpointing = false, crop: side = size } = options;
  const crops = { size, side, flip: 0 };
  const factor = vqFactor(config);
  checkCrop('trainVq: crop', factor, side, size);
  const { in_channels, num_vq_embeddings: codes } = completeVqConfig(config);
  const batchSize = optimisation.batch_size;
  const [ordering, sampling] = split(options.key) as [Key, Key];
  const order = dataOrder(ordering, pixels.length, batchSize);
  if (weights.perceptual && !perceptual)
    throw new RangeError('trainVq: weights.perceptual: expected a network beside it; give perceptual (metrics: perceptualNetwork)');
  const accumulation = optimisation.accumulation ?? 1;
  const batch = async (step: number): Promise<VqBatch> => {
    const drawn = foldIn(sampling, step);
    const images = cutCrops(await pixels.read(order(step)), drawCrops(drawn, batchSize, crops), crops);
    const { adversarial, revival } = weights;
    const active = adversarial && Math.floor(step / accumulation) + 1 >= adversarial.from;
    const places = revival ? randomInts(foldIn(drawn, PLACES), codes, 0, batchSize * (side / factor) ** 2) : undefined;
    return {
      images: tf.tensor4d(images, [batchSize, side, side, 1]),
      ...(places ? { places: tf.tensor1d(places, 'int32') } : {}),
      ...(adversarial ? { adversarial: tf.scalar(active ? adversarial.weight : 0) } : {}),
    };
  };
  // Trees of its own, on the same memory, so that it can be handed over.
  const start = {
    params: {
      vq: cloneTree(options.params),
      ...(weights.adversarial ? { discriminator: initPatchDiscriminator(in_channels, foldIn(options.key, 2)) } : {}),
    },
    frozen: perceptual && weights.perceptual ? { perceptual: cloneTree(perceptual.params as Tree) } : {},
  };
  try {
    const { params, frozen, ...rest } = await train<VqTrained, VqBatch, { perceptual?: Tree }>({
      ...start,
      handOver: true,
      batch,
      optimisation,
      loss: (trained, inputs, frozenParams) => {
        const features = (frozenParams as { perceptual?: Tree } | undefined)?.perceptual; // an empty tree does not come back from a compiled state
        const judge = perceptual && features && { network: perceptual, params: features };
        return vqTrainingLoss(config, weights, trained, inputs, judge, checkpointing);
      },
      signal: options.signal,
      onStep: options.onStep,
      onStart: options.onStart,
      checkpoints: options.checkpoints,
    });
    dispose(params.discriminator, frozen);
    return { ...rest, params: params.vq, frozen: {} };
  } finally {
    dispose(start.params, start.frozen);
  }
}

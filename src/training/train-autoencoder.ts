/** What training an autoencoder of either kind has in common: batches of crops, a discriminator that learns beside, a network that judges. */

import * as tf from '@tensorflow/tfjs-core';
import { cloneTree, dispose, foldIn, type Key, split, type Tree } from '../engine';
import type { Rows } from '../files';
import type { PerceptualNetwork } from '../metrics';
import { checkCrop, cutCrops, drawCrops } from './crops';
import { dataOrder } from './data-order';
import type { ImageLossWeights, PerceptualJudge, Terms } from './losses/image-loss';
import { initPatchDiscriminator, type PatchDiscriminatorParams } from './losses/patch-discriminator';
import type { Optimisation } from './optimiser/optimisation';
import type { StepLog } from './step-log';
import { type CheckpointOptions, type TrainResult, train } from './train';

export interface TrainAutoencoderOptions<P extends Tree, W extends ImageLossWeights> {
  /** Where it starts; borrowed. */
  readonly params: P;
  /** Grey images, each size × size, 0 to 1. */
  readonly pixels: Rows;
  readonly size: number;
  readonly weights: W;
  /** In whose features images are compared where the weights say so; borrowed. */
  readonly perceptual?: PerceptualNetwork;
  readonly optimisation: Optimisation;
  readonly key: Key;
  readonly signal?: AbortSignal;
  /** `averaged()` makes the autoencoder's parameters as they are now; the caller disposes them. */
  readonly onStep?: (log: StepLog, averaged: () => P) => void | Promise<void>;
  readonly onStart?: (log: readonly StepLog[]) => void | Promise<void>;
  readonly checkpoints?: CheckpointOptions;
  /** Compute inner results of the blocks again on the way back: less memory, more time. */
  readonly checkpointing?: boolean;
  /** Fraction of images that are mirrored left to right; by default 0, as it must be for chests, whose heart is on the left. */
  readonly flip?: number;
  /** Side of the random squares of the images that it trains on, pixels, a multiple of the autoencoder's factor; by default the whole images. */
  readonly crop?: number;
}

/** What every batch has. */
export type ImageBatch = {
  /** [B, H, W, C], -1 to 1. */
  readonly images: tf.Tensor4D;
  /** Weight of the discriminator in this step, 0 before it takes part; where there is one. */
  readonly adversarial?: tf.Scalar;
};

/** What is one kind's own. */
export interface AutoencoderKind<P extends Tree, T extends { discriminator?: PatchDiscriminatorParams }, B extends ImageBatch> {
  /** Names the caller in errors. */
  readonly where: string;
  /** Pixels for one latent each way. */
  readonly factor: number;
  /** Of the images. */
  readonly channels: number;
  /** The tree that trains, whose paths name it in checkpoints, and the way back. */
  readonly trained: (params: P) => T;
  readonly paramsOf: (trained: T) => P;
  /** What a batch has beside images, drawn from the step's key; `side` is that of latents. */
  readonly beside: (drawn: Key, side: number) => Omit<B, keyof ImageBatch>;
  readonly loss: (trained: T, batch: B, judge: PerceptualJudge | undefined) => Terms;
}

/**
 * Trains it. The networks are convolutional, so what they learn of crops holds for whole images; a crop's step takes memory and time of its own size.
 *
 * @throws RangeError where the weights ask for a perceptual term and there is no network for it, or `crop` does not fit
 * @returns the caller disposes its parameters
 */
export async function trainAutoencoder<
  P extends Tree,
  T extends Tree & { discriminator?: PatchDiscriminatorParams },
  B extends ImageBatch & Tree,
>(
  { where, factor, channels, trained, paramsOf, beside, loss }: AutoencoderKind<P, T, B>,
  options: TrainAutoencoderOptions<P, ImageLossWeights>,
): Promise<TrainResult<P>> {
  const { pixels, size, weights, perceptual, optimisation, flip = 0, crop: side = size } = options;
  const crops = { size, side, flip };
  checkCrop(`${where}: crop`, factor, side, size);
  if (weights.perceptual && !perceptual)
    throw new RangeError(`${where}: weights.perceptual: expected a network beside it; give perceptual (metrics: perceptualNetwork)`);
  const { batch_size: rows, accumulation = 1 } = optimisation;
  const [ordering, sampling] = split(options.key) as [Key, Key];
  const order = dataOrder(ordering, pixels.length, rows);
  const batch = async (step: number): Promise<B> => {
    const chosen = await pixels.read(order(step));
    const drawn = foldIn(sampling, step);
    const images = cutCrops(chosen, drawCrops(drawn, rows, crops), crops);
    const { adversarial } = weights;
    const active = adversarial && Math.floor(step / accumulation) + 1 >= adversarial.from;
    return {
      images: tf.tensor4d(images, [rows, side, side, 1]),
      ...beside(drawn, side / factor),
      ...(adversarial ? { adversarial: tf.scalar(active ? adversarial.weight : 0) } : {}),
    } as unknown as B;
  };
  /** The autoencoder alone; the rest is freed. */
  const alone = ({ params, frozen }: { params: T; frozen: Tree }): P => {
    dispose(params.discriminator, frozen);
    return paramsOf(params);
  };
  // Trees of its own, on the same memory, so that it can be handed over.
  const start = {
    params: {
      ...trained(cloneTree(options.params)),
      ...(weights.adversarial ? { discriminator: initPatchDiscriminator(channels, foldIn(options.key, 2)) } : {}),
    } as T,
    frozen: perceptual && weights.perceptual ? { perceptual: cloneTree(perceptual.params as Tree) } : {},
  };
  try {
    const { params, frozen, ...rest } = await train<T, B, { perceptual?: Tree }>({
      ...start,
      handOver: true,
      batch,
      optimisation,
      loss: (now, inputs, frozenParams) => {
        const features = (frozenParams as { perceptual?: Tree } | undefined)?.perceptual; // an empty tree does not come back from a compiled state
        return loss(now, inputs, perceptual && features && { network: perceptual, params: features });
      },
      signal: options.signal,
      onStep: options.onStep && ((log, live) => options.onStep!(log, () => alone(live.averaged()))),
      onStart: options.onStart,
      checkpoints: options.checkpoints,
    });
    return { ...rest, params: alone({ params, frozen }), frozen: {} };
  } finally {
    dispose(start.params, start.frozen);
  }
}

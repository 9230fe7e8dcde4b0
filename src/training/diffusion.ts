/** Joint training of U-Net and text encoder on cached latents, the paper's default strategy (RoentGen, arXiv:2211.12737, section 4). */

import * as tf from '@tensorflow/tfjs-core';
import { type ClipTextConfig, type ClipTextParams, clipContext } from '../encoders';
import { foldIn, type Key, normalArray, scope, split, uniformArray } from '../engine';
import { noiseTables, type SchedulerConfig } from '../schedulers';
import { type UNetConfig, type UNetParams, unet } from '../unet';
import { dataOrder } from './data-order';
import { type LatentSet, sampleLatents } from './latents';
import { diffusionTarget } from './losses';
import type { StepLog } from './step-log';
import { type LiveParameters, type Optimisation, type TrainResult, train } from './train';

/** What trains. */
export type DiffusionParams = { unet: UNetParams; textEncoder: ClipTextParams };

/** Token ids of n texts, row after row. */
export interface TokenSet {
  readonly ids: Int32Array;
  /** Tokens a text, special ones and padding included. */
  readonly maxLength: number;
  /** The empty text's ids, which stand in for dropped ones. */
  readonly empty: Int32Array;
}

export interface TrainDiffusionOptions {
  readonly unet: UNetConfig;
  readonly textEncoder: ClipTextConfig;
  /** Where it starts; borrowed. */
  readonly params: DiffusionParams;
  /** Its prediction type and betas. */
  readonly scheduler: SchedulerConfig;
  readonly latents: LatentSet;
  /** What latents are multiplied by: the autoencoder's `scaling_factor`. */
  readonly scalingFactor: number;
  readonly tokens: TokenSet;
  /** Share of texts replaced by the empty one, for classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598, algorithm 1). */
  readonly textDropout: number;
  readonly optimisation: Optimisation;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onStep?: (log: StepLog, live: LiveParameters<DiffusionParams>) => void | Promise<void>;
  readonly checkpoint?: string;
  readonly identity?: string;
}

type Batch = {
  latents: tf.Tensor4D;
  noise: tf.Tensor4D;
  timesteps: tf.Tensor1D;
  /** √ᾱ_t and √(1 - ᾱ_t), [B, 1, 1, 1]. */
  signal: tf.Tensor4D;
  sigma: tf.Tensor4D;
  ids: tf.Tensor2D;
};

/** One timestep from each of B equal parts of [0, T): every batch sees all noise levels, which makes its loss less noisy. */
function stratifiedTimesteps(key: Key, batchSize: number, numTrainTimesteps: number): Int32Array {
  return Int32Array.from(uniformArray(key, batchSize), (u, i) => Math.floor(((i + u) / batchSize) * numTrainTimesteps));
}

/**
 * Trains U-Net and text encoder together to predict what the scheduler's prediction type says, by mean squared error.
 *
 * @returns the moving average of both; the caller disposes it
 * @throws RangeError where latents and tokens are not equally many
 */
export async function trainDiffusion(options: TrainDiffusionOptions): Promise<TrainResult<DiffusionParams>> {
  const { latents, tokens, optimisation } = options;
  const L = tokens.maxLength;
  if (tokens.ids.length !== latents.length * L)
    throw new RangeError(`trainDiffusion: ${latents.length} latents, but ${tokens.ids.length / L} texts`);
  const tables = noiseTables(options.scheduler);
  const B = optimisation.batchSize;
  const shape: [number, number, number, number] = [B, ...latents.shape];
  const [ordering, drawing] = split(options.key) as [Key, Key];
  const order = dataOrder(ordering, latents.length, B);

  const batch = (step: number): Batch => {
    const chosen = order(step);
    const [times, noises, drops, samples] = split(foldIn(drawing, step), 4) as [Key, Key, Key, Key];
    const timesteps = stratifiedTimesteps(times, B, tables.numTrainTimesteps);
    const dropped = uniformArray(drops, B);
    const ids = new Int32Array(B * L);
    chosen.forEach((record, b) => {
      ids.set(dropped[b]! < options.textDropout ? tokens.empty : tokens.ids.subarray(record * L, (record + 1) * L), b * L);
    });
    const x0 = sampleLatents(latents, chosen, samples).map((value) => value * options.scalingFactor);
    const column = (table: Float32Array): tf.Tensor4D =>
      tf.tensor4d(
        Float32Array.from(timesteps, (t) => table[t]!),
        [B, 1, 1, 1],
      );
    return {
      latents: tf.tensor4d(x0, shape),
      noise: tf.tensor4d(normalArray(noises, x0.length), shape),
      timesteps: tf.tensor1d(Float32Array.from(timesteps)),
      signal: column(tables.signal),
      sigma: column(tables.noise),
      ids: tf.tensor2d(ids, [B, L], 'int32'),
    };
  };

  return train<DiffusionParams, Batch>({
    params: options.params,
    batch,
    optimisation,
    loss: (params, { latents: x0, noise, timesteps, signal, sigma, ids }) =>
      scope(() => {
        const noisy = tf.add(tf.mul(signal, x0), tf.mul(sigma, noise)) as tf.Tensor4D;
        const context = clipContext(options.textEncoder, params.textEncoder, ids);
        const predicted = unet(options.unet, params.unet, noisy, timesteps, context);
        return tf.mean(tf.squaredDifference(predicted, diffusionTarget(x0, noise, signal, sigma, tables.predictionType))) as tf.Scalar;
      }),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onStep ? { onStep: options.onStep } : {}),
    ...(options.checkpoint ? { checkpoint: options.checkpoint } : {}),
    ...(options.identity === undefined ? {} : { identity: options.identity }),
  });
}

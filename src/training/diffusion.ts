/** Training of a diffusion model's parts on cached latents; U-Net and text encoder jointly is the paper's default (RoentGen, arXiv:2211.12737, section 4). */

import * as tf from '@tensorflow/tfjs-core';
import { type TextEncoderConfig, type TextEncoderParams, textContext } from '../encoders';
import { cloneTree, foldIn, type Key, normalArray, scope, split, uniformArray } from '../engine';
import { projectContext, type TextProjectionParams } from '../pipelines';
import { noiseTables, type SchedulerConfig } from '../schedulers';
import { type UNetConfig, type UNetParams, unet } from '../unet';
import { type ContextSet, gatherContexts } from './contexts';
import { dataOrder } from './data-order';
import { type LatentSet, sampleLatents } from './latents';
import { diffusionTarget } from './losses';
import type { StepLog } from './step-log';
import { type LiveParameters, type Optimisation, type TrainResult, train } from './train';

/** The parts that train, one at least. */
export type DiffusionParams = { unet?: UNetParams; textEncoder?: TextEncoderParams; projection?: TextProjectionParams };

/** Parts that are used as they are; a frozen text encoder is in its contexts. */
export type FrozenParts = Pick<DiffusionParams, 'unet' | 'projection'>;

/** Token ids of n texts, row after row. */
export interface TokenSet {
  readonly ids: Int32Array;
  /** Tokens a text, special ones and padding included. */
  readonly maxLength: number;
  /** The empty text's ids, which stand in for dropped ones. */
  readonly empty: Int32Array;
  /** 1 for the text, 0 for padding, where the encoder masks padding; of the texts and of the empty one. */
  readonly mask?: Int32Array;
  readonly emptyMask?: Int32Array;
}

export interface TrainDiffusionOptions {
  readonly unet: UNetConfig;
  readonly textEncoder: TextEncoderConfig;
  /** Where it starts; borrowed. */
  readonly params: DiffusionParams;
  /** The U-Net where it does not train, and a projection that does not; borrowed. */
  readonly frozen?: FrozenParts;
  /** Its prediction type and betas. */
  readonly scheduler: SchedulerConfig;
  readonly latents: LatentSet;
  /** What latents are multiplied by: the autoencoder's `scaling_factor`. */
  readonly scalingFactor: number;
  /** The texts: tokens where the encoder trains, contexts where it does not. */
  readonly texts: TokenSet | ContextSet;
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
  ids?: tf.Tensor2D;
  mask?: tf.Tensor2D;
  /** In place of ids, [B, L, C]. */
  context?: tf.Tensor3D;
  /** Clones: handing them on costs nothing. */
  frozen: FrozenParts;
};

const isTokens = (texts: TokenSet | ContextSet): texts is TokenSet => 'ids' in texts;

/** One timestep from each of B equal parts of [0, T): every batch sees all noise levels, which makes its loss less noisy. */
function stratifiedTimesteps(key: Key, batchSize: number, numTrainTimesteps: number): Int32Array {
  return Int32Array.from(uniformArray(key, batchSize), (u, i) => Math.floor(((i + u) / batchSize) * numTrainTimesteps));
}

/** @throws RangeError where parts are missing, or texts and latents do not belong together */
function checkParts({ params, frozen, texts, latents }: TrainDiffusionOptions): void {
  if (!params.unet && !frozen?.unet) throw new RangeError('trainDiffusion: the U-Net is neither among params nor among frozen');
  if (Object.values(params).every((part) => part === undefined))
    throw new RangeError('trainDiffusion: params: expected a part that trains: unet, textEncoder or projection');
  if (Boolean(params.textEncoder) !== isTokens(texts))
    throw new RangeError('trainDiffusion: texts: expected tokens where the text encoder trains, and contexts where it does not');
  const n = isTokens(texts) ? texts.ids.length / texts.maxLength : texts.length;
  if (n !== latents.length) throw new RangeError(`trainDiffusion: ${latents.length} latents, but ${n} texts`);
}

/**
 * Trains parts of the model to predict what the scheduler's prediction type says, by mean squared error.
 *
 * @returns the moving average of the parts; the caller disposes it
 * @throws RangeError where latents and texts are not equally many, or parts are missing
 */
export async function trainDiffusion(options: TrainDiffusionOptions): Promise<TrainResult<DiffusionParams>> {
  const { latents, texts, optimisation, frozen = {} } = options;
  checkParts(options);
  const tables = noiseTables(options.scheduler);
  const B = optimisation.batchSize;
  const shape: [number, number, number, number] = [B, ...latents.shape];
  const [ordering, drawing] = split(options.key) as [Key, Key];
  const order = dataOrder(ordering, latents.length, B);

  const batch = (step: number): Batch => {
    const chosen = order(step);
    const [times, noises, drops, samples] = split(foldIn(drawing, step), 4) as [Key, Key, Key, Key];
    const timesteps = stratifiedTimesteps(times, B, tables.numTrainTimesteps);
    const dropped = Array.from(uniformArray(drops, B), (u) => u < options.textDropout);
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
      ...(isTokens(texts) ? gatherTokens(texts, chosen, dropped) : { context: gatherContexts(texts, chosen, dropped) }),
      frozen: cloneTree(frozen),
    };
  };

  return train<DiffusionParams, Batch>({
    params: options.params,
    batch,
    optimisation,
    loss: (params, { latents: x0, noise, timesteps, signal, sigma, ids, mask, context: cached, frozen: fixed }) =>
      scope(() => {
        const noisy = tf.add(tf.mul(signal, x0), tf.mul(sigma, noise)) as tf.Tensor4D;
        const encoded = cached ?? textContext(options.textEncoder, params.textEncoder!, ids!, mask);
        const projection = params.projection ?? fixed.projection;
        const context = projection ? projectContext(projection, encoded) : encoded;
        const predicted = unet(options.unet, (params.unet ?? fixed.unet)!, noisy, timesteps, context);
        return tf.mean(tf.squaredDifference(predicted, diffusionTarget(x0, noise, signal, sigma, tables.predictionType))) as tf.Scalar;
      }),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onStep ? { onStep: options.onStep } : {}),
    ...(options.checkpoint ? { checkpoint: options.checkpoint } : {}),
    ...(options.identity === undefined ? {} : { identity: options.identity }),
  });
}

/** Ids of chosen texts, and their mask where there is one, [B, L]. */
function gatherTokens(
  { ids, mask, maxLength: L, empty, emptyMask }: TokenSet,
  chosen: Int32Array,
  dropped: readonly boolean[],
): { ids: tf.Tensor2D; mask?: tf.Tensor2D } {
  const gather = (all: Int32Array, none: Int32Array): tf.Tensor2D => {
    const rows = new Int32Array(chosen.length * L);
    chosen.forEach((record, b) => {
      rows.set(dropped[b] ? none : all.subarray(record * L, (record + 1) * L), b * L);
    });
    return tf.tensor2d(rows, [chosen.length, L], 'int32');
  };
  return { ids: gather(ids, empty), ...(mask && emptyMask ? { mask: gather(mask, emptyMask) } : {}) };
}

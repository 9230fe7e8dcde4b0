/** The diffusion model's loss on one batch: from latents, noise, timesteps and token ids to a scalar. */

import * as tf from '@tensorflow/tfjs-core';
import { type TextEncoderConfig, type TextEncoderParams, textContext } from '../../encoders';
import { foldIn, type Key, normalArray, scope, uniformArray } from '../../engine';
import { projectContext, type TextProjectionParams } from '../../pipelines';
import type { NoiseTables, PredictionType } from '../../schedulers';
import { type UNetConfig, type UNetParams, unet } from '../../unet';
import { diffusionTarget, minSnrWeights, weightedSquaredError } from './losses';

/** What can train; a text encoder that stays as it is may be in its contexts. */
export type DiffusionParams = { unet: UNetParams; textEncoder?: TextEncoderParams; projection?: TextProjectionParams };

/** Options of the objective; what is left out is off. Keys as recipes have them. */
export interface DiffusionObjective {
  /** γ of the min-SNR weights (`minSnrWeights`). */
  readonly min_snr_gamma?: number;
  /** Deviation of noise that is the same at every place of a channel: lets a model change a picture's mean (Guttenberg 2023). */
  readonly noise_offset?: number;
  /** Deviation of further noise on the network's input that it is not asked to predict (Ning et al. 2023, arXiv:2301.11706, algorithm 1). */
  readonly input_perturbation?: number;
}

export type DiffusionBatch = {
  readonly latents: tf.Tensor4D;
  /** What the network is to find. */
  readonly noise: tf.Tensor4D;
  /** What the latents are noised with, where that differs. */
  readonly inputNoise?: tf.Tensor4D;
  readonly timesteps: tf.Tensor1D;
  /** √ᾱ_t and √(1 - ᾱ_t), [B, 1, 1, 1]. */
  readonly signal: tf.Tensor4D;
  readonly sigma: tf.Tensor4D;
  /** Of each example's error, [B]. */
  readonly weights: tf.Tensor1D;
  /** The texts as tokens, [B, L], with their mask where the encoder masks padding; or as contexts, [B, L, C], before any projection. */
  readonly ids?: tf.Tensor2D;
  readonly mask?: tf.Tensor2D;
  readonly context?: tf.Tensor3D;
};

/** The texts of a batch. */
export type BatchTexts = Pick<DiffusionBatch, 'ids' | 'mask' | 'context'>;

/** The noise of a batch with the objective's offset, and what the input gets beside it. */
function noises(
  key: Key,
  shape: readonly [number, number, number, number],
  objective: DiffusionObjective,
): { noise: Float32Array; input?: Float32Array } {
  const [B, h, w, C] = shape;
  const noise = normalArray(key, B * h * w * C);
  const { noise_offset: offset = 0, input_perturbation: perturbation = 0 } = objective;
  if (offset > 0) {
    const shift = normalArray(foldIn(key, 1), B * C);
    for (let i = 0; i < noise.length; i++) noise[i]! += offset * shift[Math.floor(i / (h * w * C)) * C + (i % C)]!;
  }
  if (perturbation === 0) return { noise };
  const more = normalArray(foldIn(key, 2), noise.length);
  return { noise, input: noise.map((value, i) => value + perturbation * more[i]!) };
}

/** One timestep from each of B equal parts of [0, T): every batch sees all noise levels, which makes its loss less noisy. */
export function stratifiedTimesteps(key: Key, batchSize: number, numTrainTimesteps: number): Int32Array {
  return Int32Array.from(uniformArray(key, batchSize), (u, i) => Math.floor(((i + u) / batchSize) * numTrainTimesteps));
}

/**
 * The batch of clean latents at given timesteps.
 *
 * @param x0      clean latents in the diffusion model's scale, row-major
 * @param texts   tokens or contexts, handed on to the batch
 * @param weights of the examples, beside those of the objective; 1 where left out
 * @returns       the caller disposes it
 */
export function diffusionBatch(
  tables: NoiseTables,
  objective: DiffusionObjective,
  given: {
    readonly x0: Float32Array;
    readonly shape: readonly [number, number, number, number];
    readonly timesteps: ArrayLike<number>;
    readonly texts: BatchTexts;
    readonly weights?: ArrayLike<number>;
    /** Standard normal noise in place of the key's. */
    readonly noise: Float32Array | Key;
  },
): DiffusionBatch {
  const { x0, texts, weights } = given;
  const shape: [number, number, number, number] = [...given.shape];
  const B = shape[0];
  const timesteps = Float32Array.from(given.timesteps);
  const at = (table: Float32Array): Float32Array => timesteps.map((t) => table[t]!);
  const column = (table: Float32Array): tf.Tensor4D => tf.tensor4d(at(table), [B, 1, 1, 1]);
  const { noise, input } = given.noise instanceof Float32Array ? { noise: given.noise } : noises(given.noise, shape, objective);
  const gamma = objective.min_snr_gamma;
  const own = gamma === undefined ? new Float32Array(B).fill(1) : minSnrWeights(at(tables.snr), gamma, tables.predictionType);
  return {
    latents: tf.tensor4d(x0, shape),
    noise: tf.tensor4d(noise, shape),
    ...(input ? { inputNoise: tf.tensor4d(input, shape) } : {}),
    timesteps: tf.tensor1d(timesteps),
    signal: column(tables.signal),
    sigma: column(tables.noise),
    weights: tf.tensor1d(own.map((weight, i) => weight * (weights?.[i] ?? 1))),
    ...texts,
  };
}

/** The loss as a function of parameters and batch. */
export function diffusionLoss(
  configs: {
    readonly unet: UNetConfig;
    readonly textEncoder: TextEncoderConfig;
    readonly predictionType: PredictionType;
    readonly checkpointing?: boolean;
  },
  params: DiffusionParams,
  { latents, noise, inputNoise, timesteps, signal, sigma, weights, ids, mask, context: cached }: DiffusionBatch,
): tf.Scalar {
  return scope(() => {
    const noisy = tf.add(tf.mul(signal, latents), tf.mul(sigma, inputNoise ?? noise)) as tf.Tensor4D;
    const encoded = cached ?? textContext(configs.textEncoder, params.textEncoder!, ids!, mask);
    const context = params.projection ? projectContext(params.projection, encoded) : encoded;
    const predicted = unet(configs.unet, params.unet, noisy, timesteps, context, { checkpointing: configs.checkpointing ?? false });
    return weightedSquaredError(predicted, diffusionTarget(latents, noise, signal, sigma, configs.predictionType), weights);
  });
}

/** The diffusion model's loss (Ho et al. 2020, arXiv:2006.11239, eq. 14): from latents, noise, timesteps and texts to a scalar, each equation in its order. */

import * as tf from '@tensorflow/tfjs-core';
import type { TextEncoderConfig, TextEncoderParams } from '../../encoders';
import { textContext } from '../../encoders/internal';
import { foldIn, type Key, scope, uniformArray } from '../../engine';
import { normalArray } from '../../engine/internal';
import type { TextProjectionParams } from '../../pipelines';
import { projectContext } from '../../pipelines/internal';
import type { NoiseTables, PredictionType } from '../../schedulers';
import { type UNetConfig, type UNetParams, unet } from '../../unet';

/** What can train; a text encoder that stays as it is may be in its contexts. */
export type DiffusionParams = { unet: UNetParams; textEncoder?: TextEncoderParams; projection?: TextProjectionParams };

/** Options of the objective; what is left out is off. Keys as recipes have them. */
export interface DiffusionObjective {
  /** γ of the min-SNR weights (`minSnrWeights`). */
  readonly min_snr_gamma?: number;
  /** Standard deviation of noise that is constant over each channel: lets a model change an image's mean (Guttenberg 2023). */
  readonly noise_offset?: number;
  /** Standard deviation of further noise on the network's input that it is not asked to predict (Ning et al. 2023, arXiv:2301.11706, algorithm 1). */
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
  /** The texts as tokens, [B, L], or as contexts, [B, L, C], before any projection. */
  readonly ids?: tf.Tensor2D;
  readonly context?: tf.Tensor3D;
  /** 1 for tokens, 0 for padding, [B, L], where text encoder or U-Net mask padding. */
  readonly mask?: tf.Tensor2D;
  /** What the U-Net sees beside the noisy latents, [B, h, w, k]: the latents of an image to edit. */
  readonly extra?: tf.Tensor4D;
};

/** The texts of a batch. */
export type BatchTexts = Pick<DiffusionBatch, 'ids' | 'context' | 'mask'>;

/** The noise of a batch with the objective's offset, and the noise of the network's input where that is perturbed. */
function drawNoise(
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
  const perturbing = normalArray(foldIn(key, 2), noise.length);
  return { noise, input: noise.map((value, i) => value + perturbation * perturbing[i]!) };
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
  inputs: {
    readonly x0: Float32Array;
    readonly shape: readonly [number, number, number, number];
    readonly timesteps: ArrayLike<number>;
    readonly texts: BatchTexts;
    readonly weights?: ArrayLike<number>;
    /** Handed on to the batch. */
    readonly extra?: tf.Tensor4D;
    /** Standard normal noise in place of the key's. */
    readonly noise: Float32Array | Key;
  },
): DiffusionBatch {
  const { x0, texts, weights, extra } = inputs;
  const shape: [number, number, number, number] = [...inputs.shape];
  const B = shape[0];
  const timesteps = Float32Array.from(inputs.timesteps);
  const at = (table: Float32Array): Float32Array => timesteps.map((t) => table[t]!);
  const column = (table: Float32Array): tf.Tensor4D => tf.tensor4d(at(table), [B, 1, 1, 1]);
  const { noise, input } = inputs.noise instanceof Float32Array ? { noise: inputs.noise } : drawNoise(inputs.noise, shape, objective);
  const gamma = objective.min_snr_gamma;
  const objectiveWeights = gamma === undefined ? new Float32Array(B).fill(1) : minSnrWeights(at(tables.snr), gamma, tables.predictionType);
  return {
    latents: tf.tensor4d(x0, shape),
    noise: tf.tensor4d(noise, shape),
    ...(input ? { inputNoise: tf.tensor4d(input, shape) } : {}),
    timesteps: tf.tensor1d(timesteps),
    signal: column(tables.signal),
    sigma: column(tables.noise),
    weights: tf.tensor1d(objectiveWeights.map((weight, i) => weight * (weights?.[i] ?? 1))),
    ...texts,
    ...(extra ? { extra } : {}),
  };
}

/**
 * The target of the network's prediction, on tensors of a compiled graph; `velocityAt` (schedulers) is its counterpart on plain numbers.
 *
 * @param signal √ᾱ_t, [B, 1, 1, 1]
 * @param sigma  √(1 - ᾱ_t), [B, 1, 1, 1]
 * @returns ε, v = √ᾱ ε - √(1 - ᾱ) x₀ (Salimans and Ho 2022, arXiv:2202.00512, section 4), or x₀, same shape
 */
export function diffusionTarget(
  x0: tf.Tensor4D,
  noise: tf.Tensor4D,
  signal: tf.Tensor,
  sigma: tf.Tensor,
  type: PredictionType,
): tf.Tensor4D {
  if (type === 'epsilon') return noise.clone();
  if (type === 'sample') return x0.clone();
  return scope(() => tf.sub(tf.mul(signal, noise), tf.mul(sigma, x0)) as tf.Tensor4D);
}

/**
 * Weights of the squared error by timestep that even out how much the noise levels pull. Hang et al. 2023 (arXiv:2303.09556), eq. (10) and section 3.4:
 * min(SNR, γ) for a network that predicts x₀, over SNR for ε and over SNR + 1 for v.
 *
 * @param snr   ᾱ / (1 - ᾱ) of each timestep
 * @param gamma γ; the paper's is 5
 */
export function minSnrWeights(snr: ArrayLike<number>, gamma: number, type: PredictionType): Float32Array {
  return Float32Array.from(snr, (x) => Math.min(x, gamma) / (type === 'epsilon' ? x : type === 'v_prediction' ? x + 1 : 1));
}

/**
 * The mean over the batch of each example's mean squared error times its weight.
 *
 * @param weights [B]; the caller's scale, not normalised
 */
export function weightedSquaredError(predicted: tf.Tensor4D, target: tf.Tensor4D, weights: tf.Tensor1D): tf.Scalar {
  return scope(() => tf.mean(tf.mul(tf.mean(tf.squaredDifference(predicted, target), [1, 2, 3]), weights)) as tf.Scalar);
}

/** The loss as a function of parameters and batch. */
export function diffusionLoss(
  configs: {
    readonly unet: UNetConfig;
    readonly textEncoder: TextEncoderConfig;
    readonly predictionType: PredictionType;
    readonly checkpointing?: boolean;
    /** Whose predictions are the target of the examples from this one on (Li and Hoiem 2016, arXiv:1606.09282, eq. 2, with a squared error). */
    readonly teacher?: { readonly params: DiffusionParams; readonly from: number };
  },
  params: DiffusionParams,
  { latents, noise, inputNoise, timesteps, signal, sigma, weights, ids, mask, context: cached, extra }: DiffusionBatch,
): tf.Scalar {
  return scope(() => {
    // x_t = √ᾱ_t x₀ + √(1 - ᾱ_t) ε, in the graph; `addNoiseAt` (schedulers) is the same on plain numbers.
    const noisy = tf.add(tf.mul(signal, latents), tf.mul(sigma, inputNoise ?? noise)) as tf.Tensor4D;
    const input = extra ? tf.concat4d([noisy, extra], 3) : noisy;
    const predict = (weights: DiffusionParams, from: number, checkpointing: boolean): tf.Tensor4D => {
      const rows = <T extends tf.Tensor>(x: T): T => (from === 0 ? x : tf.slice(x, from));
      const maskFor = (masks: boolean | undefined): tf.Tensor2D | undefined => (masks && mask ? rows(mask) : undefined);
      const { textEncoder, unet: unetConfig } = configs;
      const encoded = cached
        ? rows(cached)
        : textContext(textEncoder, weights.textEncoder!, rows(ids!), maskFor(textEncoder.use_attention_mask));
      const context = weights.projection ? projectContext(weights.projection, encoded) : encoded;
      const contextMask = maskFor(unetConfig.mask_padding);
      return unet(unetConfig, weights.unet, rows(input), rows(timesteps), context, { checkpointing, contextMask });
    };
    const predicted = predict(params, 0, configs.checkpointing ?? false);
    const target = diffusionTarget(latents, noise, signal, sigma, configs.predictionType);
    const { teacher } = configs;
    const taught = teacher
      ? tf.concat4d([tf.slice4d(target, [0, 0, 0, 0], [teacher.from, -1, -1, -1]), predict(teacher.params, teacher.from, false)], 0)
      : target;
    return weightedSquaredError(predicted, taught, weights);
  });
}

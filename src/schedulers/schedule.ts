/** Tables of a variance-preserving diffusion, x_t = √ᾱ_t x_0 + √(1-ᾱ_t) ε, and the timesteps that a sampler visits. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectSameShape } from '../engine/internal';
import { cumulativeAlphas, makeBetas } from './betas';
import { linear, scaleRows } from './combine';
import { type CommonConfig, commonDefaults, type PredictionType, resolveConfig } from './config';
import type { NoiseLevel } from './prediction';
import { cutByStrength, roundHalfEven, spacedTimesteps, type TimestepSpacing } from './spacing';

/** The keys of a scheduler_config.json that define a schedule. */
export interface ScheduleConfig extends CommonConfig {
  readonly timestep_spacing: TimestepSpacing;
  readonly steps_offset: number;
  /** What follows the last timestep: the clean image (true), or the noise of timestep 0 (false), as Stable Diffusion was set up. */
  readonly set_alpha_to_one: boolean;
  readonly rescale_betas_zero_snr: boolean;
}

export const scheduleDefaults: ScheduleConfig = {
  ...commonDefaults,
  timestep_spacing: 'leading',
  steps_offset: 0,
  set_alpha_to_one: true,
  rescale_betas_zero_snr: false,
};

export interface StepsRequest {
  /** Steps from pure noise to the clean image; at most the number of training timesteps. */
  readonly steps: number;
  /** The fraction of them, counted from the clean end, that is made: 1 from pure noise, less for image-to-image. */
  readonly strength?: number;
}

export interface Schedule {
  readonly predictionType: PredictionType;
  readonly numTrainTimesteps: number;
  /** β_t. */
  readonly betas: Float64Array;
  /** ᾱ_t. */
  readonly alphasCumprod: Float64Array;
  /** ᾱ after the last timestep. */
  readonly finalAlphaBar: number;
  /** From noisy to clean. */
  readonly timesteps: readonly number[];
  /** Training timesteps between two visited ones. */
  readonly stride: number;
  /** x_t of clean latents and standard normal noise of the same shape; `t` below 0 stands for what follows the last timestep. */
  addNoise(clean: tf.Tensor, noise: tf.Tensor, t: number | readonly number[]): tf.Tensor;
  /** The timestep that a step from `t` leads to; below 0 after the last. */
  previous(t: number): number;
}

/** @throws RangeError where `steps` is not a whole number from 1 to the number of training timesteps */
export function checkSteps(steps: number, numTrainTimesteps: number): void {
  if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`steps: expected a whole number from 1, got ${steps}`);
  if (steps > numTrainTimesteps)
    throw new RangeError(`steps: ${steps} is more than the ${numTrainTimesteps} training timesteps; ask for at most ${numTrainTimesteps}`);
}

/**
 * The tables for one sampling run.
 *
 * @param config keys of a scheduler_config.json; by default DDIM's, without clipping
 * @throws RangeError where a value is not offered, or more steps are asked for than the schedule was trained with
 */
export function makeSchedule(config: Partial<ScheduleConfig>, request: StepsRequest): Schedule {
  const { steps, strength = 1 } = request;
  const values = resolveConfig('makeSchedule', { defaults: scheduleDefaults }, { ...config });
  const numTrainTimesteps = values.num_train_timesteps;
  checkSteps(steps, numTrainTimesteps);
  const { timestep_spacing: spacing, steps_offset: offset } = values;
  const timesteps = cutByStrength(spacedTimesteps({ spacing, steps, trainSteps: numTrainTimesteps, offset }).map(roundHalfEven), strength);
  if (timesteps[0]! >= numTrainTimesteps)
    throw new RangeError(
      `steps: ${steps} steps with steps_offset ${offset} visit timestep ${timesteps[0]}, past the last, ${numTrainTimesteps - 1}`,
    );
  const betas = makeBetas(values);
  const alphasCumprod = cumulativeAlphas(betas);
  const schedule: Schedule = {
    predictionType: values.prediction_type,
    numTrainTimesteps,
    betas,
    alphasCumprod,
    finalAlphaBar: values.set_alpha_to_one ? 1 : alphasCumprod[0]!,
    timesteps,
    stride: Math.floor(numTrainTimesteps / steps),
    addNoise: (clean, noise, t) => addNoiseAt(clean, noise, t, (one) => levelOf(alphaBar(schedule, one))),
    previous: (t) => previousTimestep(schedule, t),
  };
  if (alphaBar(schedule, timesteps[0]!) === 0 && values.prediction_type === 'epsilon')
    throw new RangeError('prediction_type: epsilon says nothing about the image at zero terminal SNR; use v_prediction or sample');
  return schedule;
}

/** ᾱ_t; that after the last timestep where `t` is below 0. */
export function alphaBar(schedule: Schedule, t: number): number {
  if (t < 0) return schedule.finalAlphaBar;
  const value = schedule.alphasCumprod[t];
  if (value === undefined) throw new RangeError(`timestep: expected a whole number below ${schedule.numTrainTimesteps}, got ${t}`);
  return value;
}

/** (√ᾱ, √(1-ᾱ)). */
export function levelOf(alphaBarT: number): NoiseLevel {
  return { signal: Math.sqrt(alphaBarT), noise: Math.sqrt(1 - alphaBarT) };
}

/** @throws RangeError where `t` is not one of the schedule's timesteps */
export function previousTimestep(schedule: Schedule, t: number): number {
  expectScheduled(t, schedule.timesteps);
  return t - schedule.stride;
}

/** @throws RangeError `t is 982, not one of the 50 timesteps 981, 961, … 1` */
export function expectScheduled(t: number, timesteps: readonly number[]): void {
  if (timesteps.includes(t)) return;
  const some = timesteps.length > 3 ? `${timesteps[0]}, ${timesteps[1]}, … ${timesteps[timesteps.length - 1]}` : timesteps.join(', ');
  throw new RangeError(`t is ${t}, not one of the ${timesteps.length} timesteps ${some}`);
}

/**
 * signal · clean + noise level · noise, with one level for all rows or one per row. In a compiled training step, where levels must be tensors,
 * `diffusionLoss` (training/losses/diffusion-loss.ts) computes the same.
 */
export function addNoiseAt(clean: tf.Tensor, noise: tf.Tensor, t: number | readonly number[], level: (t: number) => NoiseLevel): tf.Tensor {
  expectSameShape('addNoise: noise', noise, clean);
  const at = rowLevels(clean, t, level);
  return combineRows(
    at.map((l) => l.signal),
    clean,
    at.map((l) => l.noise),
    noise,
  );
}

/**
 * v = signal · ε - noise level · x_0, the target of v-prediction (Salimans and Ho 2022, arXiv:2202.00512). In a compiled training step
 * `diffusionTarget` (training/losses) computes the same.
 */
export function velocityAt(clean: tf.Tensor, noise: tf.Tensor, t: number | readonly number[], level: (t: number) => NoiseLevel): tf.Tensor {
  expectSameShape('velocity: noise', noise, clean);
  const at = rowLevels(clean, t, level);
  return combineRows(
    at.map((l) => l.signal),
    noise,
    at.map((l) => -l.noise),
    clean,
  );
}

function rowLevels(clean: tf.Tensor, t: number | readonly number[], level: (t: number) => NoiseLevel): NoiseLevel[] {
  if (typeof t === 'number') return [level(t)];
  if (t.length !== clean.shape[0])
    throw new RangeError(`t: expected one timestep, or one for each of ${clean.shape[0]} rows, got ${t.length}`);
  return t.map(level);
}

/** a_i · x + b_i · y by rows; one coefficient each stands for all rows. */
function combineRows(a: readonly number[], x: tf.Tensor, b: readonly number[], y: tf.Tensor): tf.Tensor {
  if (a.length === 1) return linear([a[0]!, x], [b[0]!, y]);
  return scope(() => tf.add(scaleRows(x, a), scaleRows(y, b)));
}

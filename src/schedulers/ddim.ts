/** Denoising diffusion implicit models (DDIM). Song, Meng, Ermon 2021, arXiv:2010.02502. */

import type * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectSameShape } from '../engine/internal';
import { linear } from './combine';
import { interpret, type Limit, makeLimit } from './prediction';
import { alphaBar, levelOf, makeSchedule, previousTimestep, type Schedule, type ScheduleConfig, scheduleDefaults } from './schedule';
import type { SchedulerClass } from './scheduler-class';

export interface DdimOptions {
  /** 0 is deterministic, 1 has DDPM's variance. */
  readonly eta?: number;
  /** Standard normal, the shape of `x`; required where `eta` > 0. */
  readonly noise?: tf.Tensor;
  /** Limits the predicted x_0, such as to [-1, 1] for models of pixels. */
  readonly limit?: Limit;
}

/**
 * One step from x_t to the schedule's previous timestep, eq. (12). The paper's α is ᾱ here (`alphaBar`).
 *
 * @param x       noisy latents x_t, [B, H, W, C]
 * @param output  the network's output for x at t, same shape: ε_θ, v or x_0 as `schedule.predictionType` says
 * @param t       an element of `schedule.timesteps`
 * @returns       latents at the previous timestep, same shape; the caller disposes it
 * @throws RangeError where `t` is not in the schedule, or noise is missing for `eta` > 0
 */
export function ddimStep(
  schedule: Schedule,
  x: tf.Tensor,
  output: tf.Tensor,
  t: number,
  { eta = 0, noise, limit }: DdimOptions = {},
): tf.Tensor {
  expectSameShape('ddimStep: output', output, x);
  if (eta > 0 && !noise) throw new RangeError(`ddimStep: eta is ${eta}, so noise is needed; got none`);

  const alphaS = alphaBar(schedule, previousTimestep(schedule, t));
  const alphaT = alphaBar(schedule, t);
  const sigma = eta * Math.sqrt(((1 - alphaS) / (1 - alphaT)) * (1 - alphaT / alphaS)); // eq. (16)

  return scope(() => {
    const { x0, eps } = interpret(schedule.predictionType, output, x, levelOf(alphaT));
    // The three terms of eq. (12), each a factor and a tensor; the direction keeps the unlimited ε.
    const predicted = [Math.sqrt(alphaS), limit ? limit(x0) : x0] as const; // "predicted x_0"
    const direction = [Math.sqrt(Math.max(0, 1 - alphaS - sigma ** 2)), eps] as const; // "direction pointing to x_t"
    const mean = linear(predicted, direction);
    return sigma > 0 ? linear([1, mean], [sigma, noise!]) : mean; // "random noise"
  });
}

export interface DdimConfig extends ScheduleConfig {
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
  readonly thresholding: boolean;
  readonly dynamic_thresholding_ratio: number;
  readonly sample_max_value: number;
}

export const ddim: SchedulerClass<DdimConfig> = {
  className: 'DDIMScheduler',
  shortName: 'ddim',
  defaults: {
    ...scheduleDefaults,
    clip_sample: true,
    clip_sample_range: 1,
    thresholding: false,
    dynamic_thresholding_ratio: 0.995,
    sample_max_value: 1,
  },
  build(config, request) {
    const schedule = makeSchedule(config, request);
    const limit = makeLimit(config);
    return {
      timesteps: schedule.timesteps,
      initNoiseSigma: 1,
      drawsNoise: (_, { eta = 0 }) => eta > 0,
      step: ({ call }, x, output, { eta, noise }) => ({
        x: ddimStep(schedule, x, output, schedule.timesteps[call]!, { eta, noise, limit }),
      }),
      level: (t) => levelOf(alphaBar(schedule, t)),
    };
  },
};

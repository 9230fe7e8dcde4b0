/** Ancestral sampling of denoising diffusion probabilistic models (DDPM). Ho, Jain, Abbeel 2020, arXiv:2006.11239. */

import type * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectSameShape } from '../engine/internal';
import { linear } from './combine';
import type { DdimConfig } from './ddim';
import { interpret, type Limit, makeLimit } from './prediction';
import { alphaBar, expectScheduled, levelOf, makeSchedule, type Schedule, scheduleDefaults } from './schedule';
import type { SchedulerClass } from './scheduler-class';

/** The posterior's variance: the lower bound β̃_t, its logarithm clipped, or the upper bound β_t (section 3.2). */
export type VarianceType = 'fixed_small' | 'fixed_small_log' | 'fixed_large';

export interface DdpmOptions {
  /** Standard normal, the shape of `x`; required for every timestep but 0. */
  readonly noise?: tf.Tensor;
  readonly variance?: VarianceType;
  /** Limits the predicted x_0, such as to [-1, 1] for models of pixels. */
  readonly limit?: Limit;
}

/**
 * One step from x_t to the next timestep of the schedule's list (x_0 after the last), drawn from q(x_s | x_t, x_0) with the predicted x_0,
 * eqs. (6) and (7);
 * β_t is that of the whole stride, 1 - ᾱ_t / ᾱ_s.
 *
 * @param x       noisy latents x_t, [B, H, W, C]
 * @param output  the network's output for x at t, same shape
 * @param t       an element of `schedule.timesteps`
 * @returns       latents at the next timestep, same shape; the caller disposes it
 * @throws RangeError where `t` is not in the schedule, or noise is missing
 */
export function ddpmStep(schedule: Schedule, x: tf.Tensor, output: tf.Tensor, t: number, options: DdpmOptions = {}): tf.Tensor {
  const { noise, variance = 'fixed_small', limit } = options;
  expectScheduled(t, schedule.timesteps);
  expectSameShape('ddpmStep: output', output, x);
  if (t > 0 && !noise) throw new RangeError(`ddpmStep: noise is needed at timestep ${t}; got none`);

  const next = schedule.timesteps[schedule.timesteps.indexOf(t) + 1];
  const alphaT = alphaBar(schedule, t);
  const alphaS = next === undefined ? 1 : alphaBar(schedule, next);
  const alpha = alphaT / alphaS;
  const beta = 1 - alpha;
  const lower = Math.max(((1 - alphaS) / (1 - alphaT)) * beta, 1e-20); // β̃_t
  const sigma = Math.sqrt(variance === 'fixed_large' ? beta : lower);

  return scope(() => {
    const { x0 } = interpret(schedule.predictionType, output, x, levelOf(alphaT));
    const clean = limit ? limit(x0) : x0;
    const mean = linear([(Math.sqrt(alphaS) * beta) / (1 - alphaT), clean], [(Math.sqrt(alpha) * (1 - alphaS)) / (1 - alphaT), x]);
    return t > 0 ? linear([1, mean], [sigma, noise!]) : mean;
  });
}

export interface DdpmConfig extends DdimConfig {
  readonly variance_type: VarianceType;
}

const { set_alpha_to_one: _always, ...tableDefaults } = scheduleDefaults;

export const ddpm: SchedulerClass<Omit<DdpmConfig, 'set_alpha_to_one'>> = {
  className: 'DDPMScheduler',
  shortName: 'ddpm',
  defaults: {
    ...tableDefaults,
    variance_type: 'fixed_small',
    clip_sample: true,
    clip_sample_range: 1,
    thresholding: false,
    dynamic_thresholding_ratio: 0.995,
    sample_max_value: 1,
  },
  choices: { variance_type: ['fixed_small', 'fixed_small_log', 'fixed_large'] },
  build(config, request) {
    const schedule = makeSchedule(config, request);
    const [limit, variance] = [makeLimit(config), config.variance_type];
    return {
      timesteps: schedule.timesteps,
      initNoiseSigma: 1,
      drawsNoise: (call) => schedule.timesteps[call]! > 0,
      step: ({ call }, x, output, { noise }) => ({
        x: ddpmStep(schedule, x, output, schedule.timesteps[call]!, { noise, variance, limit }),
      }),
      level: (t) => levelOf(alphaBar(schedule, t)),
    };
  },
};

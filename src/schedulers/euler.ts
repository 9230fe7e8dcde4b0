/** Euler's method in σ, deterministic and ancestral. Karras et al. 2022, arXiv:2206.00364, algorithm 1 without second-order correction. */

import type * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectSameShape } from '../engine/internal';
import { linear } from './combine';
import type { PredictionType } from './config';
import { cleanAt } from './prediction';
import { expectScheduled, levelOf } from './schedule';
import type { Method } from './scheduler';
import type { SchedulerClass } from './scheduler-class';
import { makeSigmas, type SigmaConfig, type SigmaTables, sigmaDefaults, sigmaSpacings } from './sigmas';

/**
 * One Euler step of dx/dσ = (x - D(x; σ)) / σ, eq. (3).
 *
 * @param x       latents at level σ in the scaling x0 + σ ε, [B, H, W, C]
 * @param output  the network's output for x / √(σ² + 1), same shape
 * @param next    the level to go to
 * @returns       latents at level `next`; the caller disposes it
 */
export function eulerStep(type: PredictionType, x: tf.Tensor, output: tf.Tensor, sigma: number, next: number): tf.Tensor {
  expectSameShape('eulerStep: output', output, x);
  return scope(() => {
    const clean = cleanAt(type, output, x, sigma);
    return linear([next / sigma, x], [1 - next / sigma, clean]); // x + (next - σ) (x - D) / σ
  });
}

/**
 * One ancestral step: Euler down to a level below `next`, then fresh noise up to it, with DDPM's posterior variance (the k-diffusion
 * library's `sample_euler_ancestral`).
 *
 * @param noise standard normal, the shape of `x`
 */
export function eulerAncestralStep(
  type: PredictionType,
  x: tf.Tensor,
  output: tf.Tensor,
  sigma: number,
  next: number,
  noise: tf.Tensor,
): tf.Tensor {
  const up = Math.sqrt((next ** 2 * (sigma ** 2 - next ** 2)) / sigma ** 2);
  const down = Math.sqrt(next ** 2 - up ** 2);
  return scope(() => linear([1, eulerStep(type, x, output, sigma, down)], [up, noise]));
}

/** What all methods in this scaling share: the network sees x / √(σ² + 1), and a run starts with noise of the first level. */
export function sigmaMethod(
  config: SigmaConfig,
  { timesteps, sigmas, levels, alphasCumprod }: SigmaTables,
): Pick<Method, 'timesteps' | 'sigmas' | 'initNoiseSigma' | 'inputScale' | 'level' | 'velocityLevel'> {
  const first = sigmas[0]!;
  const level = (t: number): number => {
    const i = timesteps.indexOf(t);
    if (i >= 0) return sigmas[i]!;
    if (Number.isInteger(t) && t >= 0 && t < levels.length) return levels[t]!;
    throw new RangeError(`t is ${t}, neither one of the ${timesteps.length} timesteps nor a training timestep below ${levels.length}`);
  };
  return {
    timesteps,
    sigmas,
    // "leading" starts below the last training timestep, where x0 still has its unit variance.
    initNoiseSigma: config.timestep_spacing === 'leading' ? Math.hypot(first, 1) : first,
    inputScale: (call) => 1 / Math.hypot(sigmas[call]!, 1),
    level: (t) => ({ signal: 1, noise: level(t) }),
    velocityLevel: (t) => levelOf(alphasCumprod[t] ?? 1 / (level(t) ** 2 + 1)),
  };
}

export interface EulerConfig extends SigmaConfig {
  readonly final_sigmas_type: 'zero' | 'sigma_min';
}

export const euler: SchedulerClass<EulerConfig> = {
  className: 'EulerDiscreteScheduler',
  shortName: 'euler',
  defaults: {
    ...sigmaDefaults,
    ...sigmaSpacings,
    sigma_min: null,
    sigma_max: null,
    final_sigmas_type: 'zero',
    rescale_betas_zero_snr: false,
  },
  only: { interpolation_type: 'linear', timestep_type: 'discrete' },
  build(config, request) {
    const tables = makeSigmas(config, request);
    const { sigmas, timesteps, alphasCumprod } = tables;
    return {
      ...sigmaMethod(config, tables),
      velocityLevel: (t) => {
        expectScheduled(t, timesteps);
        return levelOf(alphasCumprod[timesteps.indexOf(t)]!); // by the call's number, as the reference does it
      },
      step: ({ call }, x, output) => ({ x: eulerStep(config.prediction_type, x, output, sigmas[call]!, sigmas[call + 1]!) }),
    };
  },
};

export const eulerAncestral: SchedulerClass<SigmaConfig> = {
  className: 'EulerAncestralDiscreteScheduler',
  shortName: 'euler_ancestral',
  defaults: { ...sigmaDefaults, rescale_betas_zero_snr: false },
  build(config, request) {
    const tables = makeSigmas(config, request);
    const { sigmas } = tables;
    return {
      ...sigmaMethod(config, tables),
      drawsNoise: (call) => sigmas[call + 1]! > 0,
      step: ({ call }, x, output, { noise }) => {
        const [sigma, next] = [sigmas[call]!, sigmas[call + 1]!];
        const { prediction_type: type } = config;
        return { x: next > 0 ? eulerAncestralStep(type, x, output, sigma, next, noise!) : eulerStep(type, x, output, sigma, next) };
      },
    };
  },
};

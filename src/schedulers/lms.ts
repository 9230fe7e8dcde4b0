/** Linear multistep (Adams-Bashforth) in σ with coefficients for uneven levels: the k-diffusion library's `sample_lms`. */

import type * as tf from '@tensorflow/tfjs-core';
import { linear } from './combine';
import { sigmaMethod } from './euler';
import { lagrangeBasis } from './lagrange';
import { cleanAt } from './prediction';
import type { SchedulerState, Stepped } from './scheduler';
import type { SchedulerClass } from './scheduler-class';
import { makeSigmas, type SigmaConfig, sigmaDefaults, sigmaSpacings } from './sigmas';

/**
 * One step: the slope's interpolating polynomial through up to `order` levels, integrated over the step.
 *
 * @param state  `outputs`: earlier slopes, newest first
 * @param clean  predicted clean latents D(x; σ)
 * @param past   levels from this one back, newest first, as many as there are slopes or more
 * @param next   the level to go to
 */
export function lmsStep(
  state: SchedulerState,
  x: tf.Tensor,
  clean: tf.Tensor,
  past: readonly number[],
  next: number,
  order: number = 4,
): Stepped {
  const [sigma] = past as [number];
  const slopes = [linear([1 / sigma, x], [-1 / sigma, clean]), ...state.outputs].slice(0, order);
  const weights = lagrangeBasis(past.slice(0, slopes.length)).map((polynomial) =>
    polynomial.reduce((sum, c, k) => sum + (c * (next ** (k + 1) - sigma ** (k + 1))) / (k + 1), 0),
  );
  return { x: linear([1, x], ...weights.map((weight, i) => [weight, slopes[i]!] as const)), outputs: slopes };
}

export const lms: SchedulerClass<SigmaConfig> = {
  className: 'LMSDiscreteScheduler',
  shortName: 'lms',
  defaults: { ...sigmaDefaults, ...sigmaSpacings },
  build(config, request) {
    const tables = makeSigmas(config, request);
    const { sigmas } = tables;
    return {
      ...sigmaMethod(config, tables),
      step(state, x, output, { order }) {
        const past = sigmas.slice(0, state.call + 1).reverse();
        return lmsStep(state, x, cleanAt(config.prediction_type, output, x, past[0]!), past, sigmas[state.call + 1]!, order);
      },
    };
  },
};

/** Heun's second-order method in σ. Karras et al. 2022, arXiv:2206.00364, algorithm 1: 2 n - 1 calls of the network for n steps. */

import type * as tf from '@tensorflow/tfjs-core';
import { linear } from './combine';
import { sigmaMethod } from './euler';
import { cleanAt, makeLimit } from './prediction';
import type { SchedulerState, Stepped } from './scheduler';
import type { SchedulerClass } from './scheduler-class';
import { makeSigmas, type SigmaConfig, sigmaDefaults, sigmaSpacings } from './sigmas';

/**
 * One of the two calls of a step. With d(x, σ) = (x - D(x; σ)) / σ, the slope dx/dσ, a step from σ to σ' is
 *
 *     d  = d(x, σ);    x' = x + (σ' - σ) d               (first call, Euler's step)
 *     d' = d(x', σ');  x' = x + (σ' - σ) (d + d') / 2     (second call)
 *
 * The last step has its first call only, since the slope at σ' = 0 is not defined.
 *
 * @param state  `outputs`: the slope of the first call; `sample`: where the step started; both absent before a step's first call
 * @param clean  predicted clean latents D(x; σ) of this call
 * @param from   level that the step starts at
 * @param to     level that it goes to
 */
export function heunStep(state: SchedulerState, x: tf.Tensor, clean: tf.Tensor, from: number, to: number): Stepped {
  if (!state.sample) {
    const slope = linear([1 / from, x], [-1 / from, clean]);
    const next = linear([1, x], [to - from, slope]);
    return to > 0 ? { x: next, outputs: [slope], sample: x } : { x: next };
  }
  const slope = linear([1 / to, x], [-1 / to, clean]);
  return { x: linear([1, state.sample], [(to - from) / 2, state.outputs[0]!], [(to - from) / 2, slope]) };
}

/** [a, b, c] → [a, b, b, c, c]: a step's second call is at the next step's first level. */
export function repeatAllButFirst<T>(list: readonly T[]): T[] {
  return list.flatMap((item, i) => (i === 0 ? [item] : [item, item]));
}

export interface HeunConfig extends SigmaConfig {
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
}

export const heun: SchedulerClass<HeunConfig> = {
  className: 'HeunDiscreteScheduler',
  shortName: 'heun',
  defaults: { ...sigmaDefaults, ...sigmaSpacings, beta_start: 0.00085, beta_end: 0.012, clip_sample: false, clip_sample_range: 1 },
  build(config, request) {
    const tables = makeSigmas(config, request);
    const timesteps = repeatAllButFirst(tables.timesteps);
    const sigmas = [...repeatAllButFirst(tables.sigmas.slice(0, -1)), 0];
    const limit = makeLimit(config);
    return {
      ...sigmaMethod(config, { ...tables, timesteps, sigmas }),
      step(state, x, output) {
        const predicted = cleanAt(config.prediction_type, output, x, sigmas[state.call]!);
        const start = state.call - (state.call % 2);
        return heunStep(state, x, limit ? limit(predicted) : predicted, sigmas[start]!, sigmas[start + 1]!);
      },
    };
  },
};

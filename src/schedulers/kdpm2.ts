/**
 * DPM-Solver-2 in σ: a midpoint method with the middle in log σ. Lu et al. 2022 (arXiv:2206.00927) and Karras et al. 2022
 * (arXiv:2206.00364), algorithm 2.
 */

import type * as tf from '@tensorflow/tfjs-core';
import { linear } from './combine';
import { sigmaMethod } from './euler';
import { repeatAllButFirst } from './heun';
import { cleanAt } from './prediction';
import type { SchedulerState, Stepped } from './scheduler';
import type { SchedulerClass } from './scheduler-class';
import { logarithms, makeSigmas, type SigmaConfig, sigmaDefaults, sigmaSpacings, timestepOf } from './sigmas';

/**
 * One of the two calls of a step. With d(x, σ) = (x - D(x; σ)) / σ, the slope dx/dσ, a step from σ to σ' is
 *
 *     σm = √(σ σ');  xm = x + (σm - σ) d(x, σ)      (first call, to the middle level)
 *                    x' = x + (σ' - σ) d(xm, σm)    (second call, the middle's slope for the whole step)
 *
 * @param state  `sample`: where the step started; absent before a step's first call
 * @param clean  predicted clean latents D(x; σ) of this call
 * @param at     level of this call
 * @param from   level that the step starts at
 * @param to     the middle level for a first call, the next level for a second
 */
export function kdpm2Step(state: SchedulerState, x: tf.Tensor, clean: tf.Tensor, at: number, from: number, to: number): Stepped {
  const slope = linear([1 / at, x], [-1 / at, clean]);
  if (state.sample) return { x: linear([1, state.sample], [to - from, slope]) };
  return { x: linear([1, x], [to - from, slope]), sample: x };
}

export const kdpm2: SchedulerClass<SigmaConfig> = {
  className: 'KDPM2DiscreteScheduler',
  shortName: 'kdpm2',
  defaults: { ...sigmaDefaults, ...sigmaSpacings, beta_start: 0.00085, beta_end: 0.012 },
  build(config, request) {
    const tables = makeSigmas(config, request);
    const steps = tables.sigmas;
    const last = steps.length - 2;
    const middle = (i: number): number => Math.sqrt(steps[i]! * steps[i + 1]!);
    const logLevels = logarithms(tables.levels);
    const timesteps = tables.timesteps.flatMap((t, i) => (i < last ? [t, Math.fround(timestepOf(middle(i), logLevels))] : [t]));
    const at = tables.timesteps.flatMap((_, i) => (i < last ? [steps[i]!, middle(i)] : [steps[i]!])); // level of each call
    const sigmas = [...repeatAllButFirst(steps), 0]; // as the reference lists them; the calls' own levels are in `at`
    return {
      ...sigmaMethod(config, { ...tables, timesteps, sigmas }),
      inputScale: (call) => 1 / Math.hypot(at[call]!, 1),
      step(state, x, output) {
        const i = Math.floor(state.call / 2);
        const clean = cleanAt(config.prediction_type, output, x, at[state.call]!);
        return kdpm2Step(state, x, clean, at[state.call]!, steps[i]!, state.call % 2 === 0 ? middle(i) : steps[i + 1]!);
      },
    };
  },
};

/**
 * Pseudo numerical methods for diffusion models on manifolds (PNDM). Liu, Ren, Lin, Zhao 2022, arXiv:2202.09778: Runge-Kutta steps (PRK)
 * to begin with, then linear multistep (PLMS), which Stable Diffusion uses alone, begun by a step of Heun's kind: n + 1 calls of the network
 * for n steps.
 */

import type * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { linear } from './combine';
import { interpret } from './prediction';
import { alphaBar, levelOf, makeSchedule, type Schedule, type ScheduleConfig, scheduleDefaults } from './schedule';
import type { SchedulerState, Stepped } from './scheduler';
import type { SchedulerClass } from './scheduler-class';

/** Adams-Bashforth weights by number of outputs, newest first: eq. (12) and appendix, orders 1 to 4. */
const multistep: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/**
 * The transfer φ(x, ε, t, s) from timestep t to s, eq. (11): DDIM's step in a form that holds for intermediate outputs too.
 *
 * @param output the combined outputs; where the network predicts v, ε is taken from the combination
 * @param s      a timestep; below 0 for what follows the last
 */
export function transfer(schedule: Schedule, x: tf.Tensor, output: tf.Tensor, t: number, s: number): tf.Tensor {
  const [alphaT, alphaS] = [alphaBar(schedule, t), alphaBar(schedule, s)];
  const denominator = alphaT * Math.sqrt(1 - alphaS) + Math.sqrt(alphaT * (1 - alphaT) * alphaS);
  return scope(() => {
    const { eps } = interpret(schedule.predictionType, output, x, levelOf(alphaT));
    return linear([Math.sqrt(alphaS / alphaT), x], [-(alphaS - alphaT) / denominator, eps]);
  });
}

/**
 * One PLMS call. The first goes to the next timestep; the second evaluates there and repeats the step with the mean of both outputs; from the
 * third on up to four outputs are combined.
 *
 * @param state `outputs`: earlier outputs, newest first; `sample`: where the first call started
 * @param call  the number of PLMS calls made before
 */
export function plmsStep(schedule: Schedule, state: SchedulerState, x: tf.Tensor, output: tf.Tensor, t: number, call: number): Stepped {
  if (call === 1 && state.sample) {
    const mean = linear([0.5, output], [0.5, state.outputs[0]!]);
    return { x: transfer(schedule, state.sample, mean, t + schedule.stride, t), outputs: state.outputs };
  }
  const outputs = [output, ...state.outputs].slice(0, 4);
  const combined = linear(...multistep[outputs.length - 1]!.map((weight, i) => [weight, outputs[i]!] as const));
  return { x: transfer(schedule, x, combined, t, t - schedule.stride), outputs, ...(call === 0 ? { sample: x } : {}) };
}

/**
 * One of the four calls of a PRK step: classical Runge-Kutta with φ as the transfer.
 *
 * @param state `outputs`: the first outputs of the steps so far, newest first, after them the weighted sum of this step's outputs (absent
 *              before its first call); `sample`: where this step started
 * @param start timestep that this step of four calls started from
 * @param stage 0 to 3
 */
export function prkStep(schedule: Schedule, state: SchedulerState, x: tf.Tensor, output: tf.Tensor, start: number, stage: number): Stepped {
  const half = Math.floor(schedule.stride / 2);
  const end = start - schedule.stride;
  const sample = stage === 0 ? x : state.sample!;
  const firsts = stage === 0 ? [output, ...state.outputs].slice(0, 4) : state.outputs.slice(0, -1);
  const sum =
    stage === 0 ? linear([1 / 6, output]) : linear([1, state.outputs[state.outputs.length - 1]!], [stage === 3 ? 1 / 6 : 1 / 3, output]);
  if (stage === 3) return { x: transfer(schedule, sample, sum, start, end), outputs: firsts };
  const target = [start - half, end + half, end][stage]!;
  return { x: transfer(schedule, sample, output, start, target), outputs: [...firsts, sum], sample };
}

export interface PndmConfig extends ScheduleConfig {
  /** Whether to do without the Runge-Kutta start. */
  readonly skip_prk_steps: boolean;
}

const { rescale_betas_zero_snr: _never, ...tableDefaults } = scheduleDefaults;

export const pndm: SchedulerClass<Omit<PndmConfig, 'rescale_betas_zero_snr'>> = {
  className: 'PNDMScheduler',
  shortName: 'pndm',
  defaults: { ...tableDefaults, set_alpha_to_one: false, skip_prk_steps: false },
  choices: { prediction_type: ['epsilon', 'v_prediction'] },
  build(config, request) {
    const schedule = makeSchedule(config, request);
    const visited = schedule.timesteps;
    const prk = config.skip_prk_steps ? [] : prkCalls(visited, schedule.stride);
    const plms = config.skip_prk_steps ? [...visited.slice(0, 2), ...visited.slice(1)] : visited.slice(3);
    return {
      timesteps: [...prk, ...plms],
      initNoiseSigma: 1,
      step(state, x, output) {
        const { call } = state;
        if (call < prk.length) return prkStep(schedule, state, x, output, prk[call - (call % 4)]!, call % 4);
        const calls = call - prk.length + (prk.length > 0 ? 2 : 0); // after PRK the multistep method is already under way
        return plmsStep(schedule, state, x, output, plms[call - prk.length]!, calls);
      },
      level: (t) => levelOf(alphaBar(schedule, t)),
    };
  },
};

/** The twelve calls of the three Runge-Kutta steps over the first four timesteps: start, twice the middle, end. */
function prkCalls(visited: readonly number[], stride: number): number[] {
  if (visited.length < 4)
    throw new RangeError(`steps: PNDM with Runge-Kutta steps needs at least 4, got ${visited.length}; or set skip_prk_steps`);
  const half = Math.floor(stride / 2);
  return [0, 1, 2].flatMap((i) => [visited[i]!, visited[i + 1]! + half, visited[i + 1]! + half, visited[i + 1]!]);
}

/**
 * DPM-Solver and DPM-Solver++ as singlestep methods: Lu et al. 2022, arXiv:2206.00927 and arXiv:2211.01095. Groups of one to three
 * timesteps form a step of that order, which starts again from the latents where the group began.
 */

import type * as tf from '@tensorflow/tfjs-core';
import { linear } from './combine';
import { checkFinalSigma, type DpmAlgorithm, type DpmSolverConfig, dpmChoices, dpmCoefficients, noFlow } from './dpm-solver';
import type { SchedulerClass } from './scheduler-class';
import { convertOutput, halfLogSnr, type SolverUpdate, solverDefaults, solverTables } from './solver';

/**
 * From the start of a group of `order` calls to the level after it, with the outputs of all its calls.
 *
 * @param at `x`: latents where the group began; `outputs`: newest first
 * @returns  latents at the next level; the caller disposes it
 */
export function dpmSinglestep(
  algorithm: DpmAlgorithm,
  solver: string,
  { x, outputs, sigmas, call, order, noise }: SolverUpdate,
): tf.Tensor {
  const start = call - order + 1;
  // With three outputs the midpoint form leaves out the second derivative, not the weights of the first.
  const c = dpmCoefficients(algorithm, order === 3 ? 'heun' : solver, sigmas[start]!, sigmas[call + 1]!);
  const fresh = [c.noise, noise ?? x] as const;
  const lambda = (i: number): number => halfLogSnr(sigmas[i]!);
  const h = lambda(call + 1) - lambda(start);
  const r = (i: number): number => (lambda(i) - lambda(start)) / h;
  const first = outputs[order - 1]!;
  if (order === 1) return linear([c.x, x], [c.d0, first], fresh);
  const slope = (i: number): tf.Tensor => linear([1 / r(i), outputs[call - i]!], [-1 / r(i), first]);
  if (order === 2) return linear([c.x, x], [c.d0, first], [c.d1, slope(call)], fresh);
  const [late, early] = [slope(call), slope(call - 1)];
  if (solver !== 'heun') return linear([c.x, x], [c.d0, first], [c.d1, late], fresh);
  const [rLate, rEarly] = [r(call), r(call - 1)];
  const spread = 1 / (rLate - rEarly);
  const d1 = linear([rLate * spread, early], [-rEarly * spread, late]);
  return linear([c.x, x], [c.d0, first], [c.d1, d1], [2 * c.d2 * spread, late], [-2 * c.d2 * spread, early], fresh);
}

/**
 * Order of each call: 1, 2, … up to `order` again and again.
 *
 * @param lowEnd whether the last call has order 1, as a step to σ = 0 needs and a group cut short gets; two calls left over by threes stay
 *               1, 2 otherwise
 */
export function singlestepOrders(order: number, steps: number, lowEnd: boolean): number[] {
  return Array.from({ length: steps }, (_, i) => (lowEnd && i === steps - 1 ? 1 : (i % order) + 1));
}

const { steps_offset: _offset, timestep_spacing: _spacing, ...singleDefaults } = solverDefaults;

export const dpmSolverSinglestep: SchedulerClass<DpmSolverConfig> = {
  className: 'DPMSolverSinglestepScheduler',
  shortName: 'dpm_solver_singlestep',
  defaults: {
    ...singleDefaults,
    algorithm_type: 'dpmsolver++',
    final_sigmas_type: 'zero',
    lower_order_final: false,
    lambda_min_clipped: Number.NEGATIVE_INFINITY,
  },
  choices: dpmChoices,
  only: { ...noFlow, variance_type: null },
  build(config, request) {
    const { algorithm_type: algorithm, solver_type: solver, solver_order: order } = config;
    checkFinalSigma(config);
    if (order === 3 && algorithm.startsWith('sde-')) throw new RangeError(`solver_order: ${algorithm} has orders 1 and 2 here, got 3`);
    const tables = solverTables(config, request);
    const { sigmas } = tables;
    const steps = tables.timesteps.length;
    const lowEnd = sigmas[steps] === 0 || (config.lower_order_final && !(order === 3 && steps % 3 === 2));
    const orders = singlestepOrders(order, steps, lowEnd);
    return {
      ...tables,
      drawsNoise: (call) => algorithm.startsWith('sde-') && sigmas[call + 1]! > 0,
      step(state, x, output, { noise }) {
        const { call } = state;
        const callOrder = orders[call]!;
        const outputs = [convertOutput(algorithm.endsWith('++') ? 'x0' : 'eps', config, output, x, sigmas[call]!), ...state.outputs].slice(
          0,
          order,
        );
        const sample = callOrder === 1 ? x : state.sample!;
        return { x: dpmSinglestep(algorithm, solver, { x: sample, outputs, sigmas, call, order: callOrder, noise }), outputs, sample };
      },
    };
  },
};

/**
 * DPM-Solver and DPM-Solver++ as multistep methods, and their stochastic forms. Lu et al. 2022, arXiv:2206.00927 (ε form) and
 * arXiv:2211.01095 (x0 form).
 * With λ = log(√ᾱ / √(1-ᾱ)) and h the step in λ, the exact solution is a scaling of x plus an integral of the output, which a Taylor
 * polynomial approximates.
 */

import type * as tf from '@tensorflow/tfjs-core';
import { linear } from './combine';
import type { SchedulerClass } from './scheduler-class';
import { halfLogSnr, levelOfSigma, type SolverConfig, type SolverUpdate, solverDefaults, solverMethod } from './solver';

/** The ε form, the x0 form, and each with fresh noise in every step. */
export type DpmAlgorithm = 'dpmsolver' | 'dpmsolver++' | 'sde-dpmsolver' | 'sde-dpmsolver++';

/** What multiplies x, the output and its first two derivatives in λ (times h, h²), and fresh noise, over one step. */
export interface DpmCoefficients {
  readonly x: number;
  readonly d0: number;
  /** First derivative: the midpoint's, which is half of d0, or the exact integral's. */
  readonly d1: number;
  readonly d2: number;
  readonly noise: number;
}

/**
 * @param solver `heun` weights the first derivative by the exact integral, anything else as the midpoint rule does
 * @param from   σ where the step starts
 * @param to     σ where it ends; 0 leaves d1 and d2 without meaning
 */
export function dpmCoefficients(algorithm: DpmAlgorithm, solver: string, from: number, to: number): DpmCoefficients {
  const [s, t] = [levelOfSigma(from), levelOfSigma(to)];
  const h = halfLogSnr(to) - halfLogSnr(from);
  const stochastic = algorithm.startsWith('sde-');
  if (algorithm.endsWith('++')) {
    // An sde step is the ode step of twice the length in the output's part.
    const k = stochastic ? 2 * h : h;
    const d0 = -t.signal * Math.expm1(-k);
    return {
      x: (t.noise / s.noise) * (stochastic ? Math.exp(-h) : 1),
      d0,
      d1: solver === 'heun' ? t.signal * (Math.expm1(-k) / k + 1) : d0 / 2,
      d2: -t.signal * ((Math.expm1(-k) + k) / k ** 2 - 0.5),
      noise: stochastic ? t.noise * Math.sqrt(-Math.expm1(-2 * h)) : 0,
    };
  }
  const scale = -t.noise * (stochastic ? 2 : 1);
  const d0 = scale * Math.expm1(h);
  return {
    x: t.signal / s.signal,
    d0,
    d1: solver === 'heun' ? scale * (Math.expm1(h) / h - 1) : d0 / 2,
    d2: scale * ((Math.expm1(h) - h) / h ** 2 - 0.5),
    noise: stochastic ? t.noise * Math.sqrt(Math.expm1(2 * h)) : 0,
  };
}

/**
 * One multistep step of order 1, 2 or 3, whose derivatives are divided differences of the last outputs.
 *
 * @param at `outputs`: predicted clean latents (`++`) or noise, newest first
 * @returns  latents at the next level; the caller disposes it
 */
export function dpmSolverStep(
  algorithm: DpmAlgorithm,
  solver: string,
  { x, outputs, sigmas, call, order, noise }: SolverUpdate,
): tf.Tensor {
  const [m0, m1, m2] = outputs as [tf.Tensor, tf.Tensor, tf.Tensor];
  // The third order always takes the exact integral's weights.
  const c = dpmCoefficients(algorithm, order === 3 ? 'heun' : solver, sigmas[call]!, sigmas[call + 1]!);
  const fresh = [c.noise, noise ?? x] as const;
  if (order === 1) return linear([c.x, x], [c.d0, m0], fresh);
  const lambda = (back: number): number => halfLogSnr(sigmas[call - back]!);
  const h = lambda(-1) - lambda(0);
  const r0 = (lambda(0) - lambda(1)) / h;
  if (order === 2) return linear([c.x, x], [c.d0 + c.d1 / r0, m0], [-c.d1 / r0, m1], fresh);
  const r1 = (lambda(1) - lambda(2)) / h;
  const newer = linear([1 / r0, m0], [-1 / r0, m1]);
  const older = linear([1 / r1, m1], [-1 / r1, m2]);
  const bend = 1 / (r0 + r1);
  const d1 = linear([1 + r0 * bend, newer], [-r0 * bend, older]);
  return linear([c.x, x], [c.d0, m0], [c.d1, d1], [c.d2 * bend, newer], [-c.d2 * bend, older], fresh);
}

/** Keys of the flow-matching models that share these classes; not offered here. */
export const noFlow: Readonly<Record<string, unknown>> = {
  use_flow_sigmas: false,
  use_dynamic_shifting: false,
  flow_shift: 1,
  time_shift_type: 'exponential',
};

export interface DpmSolverConfig extends SolverConfig {
  readonly algorithm_type: DpmAlgorithm;
  readonly final_sigmas_type: 'zero' | 'sigma_min';
  readonly lambda_min_clipped: number;
}

/** The ε form divides by σ, so it cannot step to σ = 0. */
export function checkFinalSigma({ algorithm_type: algorithm, final_sigmas_type: final }: DpmSolverConfig): void {
  if (!algorithm.endsWith('++') && final === 'zero')
    throw new RangeError(`final_sigmas_type: algorithm_type ${algorithm} needs sigma_min, got zero`);
}

export const dpmChoices: Readonly<Record<string, readonly string[]>> = {
  algorithm_type: ['dpmsolver++', 'dpmsolver', 'sde-dpmsolver++', 'sde-dpmsolver'],
  // The names of other solvers' variants stand in configs that were made for those; they mean midpoint here.
  solver_type: ['midpoint', 'heun', 'logrho', 'bh1', 'bh2'],
};

export const dpmSolver: SchedulerClass<DpmSolverConfig> = {
  className: 'DPMSolverMultistepScheduler',
  shortName: 'dpm_solver',
  defaults: {
    ...solverDefaults,
    algorithm_type: 'dpmsolver++',
    final_sigmas_type: 'zero',
    euler_at_final: false,
    use_lu_lambdas: false,
    lambda_min_clipped: Number.NEGATIVE_INFINITY,
    rescale_betas_zero_snr: false,
  },
  choices: dpmChoices,
  only: { ...noFlow, variance_type: null },
  build(config, request) {
    const { algorithm_type: algorithm, solver_type: solver } = config;
    checkFinalSigma(config);
    if (config.solver_order === 3 && algorithm === 'sde-dpmsolver')
      throw new RangeError('solver_order: sde-dpmsolver has orders 1 and 2, got 3');
    return solverMethod(config, request, {
      predicts: algorithm.endsWith('++') ? 'x0' : 'eps',
      stochastic: algorithm.startsWith('sde-'),
      rules: { karrasRound: config.beta_schedule === 'squaredcos_cap_v2' ? 'down' : 'nearest' },
      update: (at) => dpmSolverStep(algorithm, solver, at),
    });
  },
};

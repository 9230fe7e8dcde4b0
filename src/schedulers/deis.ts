/** Diffusion exponential integrator sampler (DEIS), tAB-DEIS in log ρ. Zhang and Chen 2022, arXiv:2204.13902. */

import type * as tf from '@tensorflow/tfjs-core';
import { linear } from './combine';
import { lagrangeBasis } from './lagrange';
import { levelOf } from './schedule';
import type { SchedulerClass } from './scheduler-class';
import { type SolverConfig, solverDefaults, solverMethod } from './solver';

/**
 * One step: ε's interpolating polynomial in log ρ through the levels in `past`, integrated over ρ = σ from past[0] to `next`.
 *
 * @param x     latents, variance-preserving: √ᾱ (x0 + ρ ε)
 * @param eps   predicted noise, newest first, one per level of `past`
 * @param past  levels ρ, newest first
 * @param next  the level to go to, above 0
 */
export function deisStep(x: tf.Tensor, eps: readonly tf.Tensor[], past: readonly number[], next: number): tf.Tensor {
  const signal = (rho: number): number => levelOf(1 / (rho ** 2 + 1)).signal;
  const [from] = past as [number];
  const weights = lagrangeBasis(past.map(Math.log)).map((polynomial) =>
    polynomial.reduce((sum, c, k) => sum + c * (integralOfLogPower(next, k) - integralOfLogPower(from, k)), 0),
  );
  return linear([signal(next) / signal(from), x], ...weights.map((weight, i) => [signal(next) * weight, eps[i]!] as const));
}

/** ∫ (log ρ)^k dρ = ρ (log ρ)^k - k ∫ (log ρ)^(k-1) dρ. */
function integralOfLogPower(rho: number, k: number): number {
  return rho * Math.log(rho) ** k - (k > 0 ? k * integralOfLogPower(rho, k - 1) : 0);
}

export const deis: SchedulerClass<SolverConfig> = {
  className: 'DEISMultistepScheduler',
  shortName: 'deis',
  defaults: { ...solverDefaults, solver_type: 'logrho', algorithm_type: 'deis' },
  // The names of other solvers' variants stand in configs that were made for those; they mean log ρ here.
  choices: { solver_type: ['logrho', 'midpoint', 'heun', 'bh1', 'bh2'], algorithm_type: ['deis', 'dpmsolver', 'dpmsolver++'] },
  only: { use_flow_sigmas: false, use_dynamic_shifting: false, flow_shift: 1, time_shift_type: 'exponential' },
  build: (config, request) =>
    solverMethod(config, request, {
      predicts: 'eps',
      rules: { final: 'sigma_min' },
      update: ({ x, outputs, sigmas, call, order }) => {
        const past = Array.from({ length: order }, (_, i) => sigmas[call - i]!);
        return deisStep(x, outputs.slice(0, order), past, sigmas[call + 1]!);
      },
    }),
};

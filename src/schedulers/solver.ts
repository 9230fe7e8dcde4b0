/** What the multistep solvers in λ = log(√ᾱ / √(1-ᾱ)) share: tables, history of converted outputs, and lower orders at the ends. */

import type * as tf from '@tensorflow/tfjs-core';
import { linear } from './combine';
import { interpret, type LimitConfig, makeLimit, type NoiseLevel } from './prediction';
import { levelOf, type StepsRequest } from './schedule';
import type { Method, SchedulerState } from './scheduler';
import { makeSigmas, type SigmaConfig, type SigmaRules, sigmaDefaults, sigmaSpacings } from './sigmas';

export interface SolverConfig extends SigmaConfig, LimitConfig {
  /** Outputs that are combined: 1, 2 or 3. */
  readonly solver_order: number;
  readonly lower_order_final: boolean;
  readonly solver_type: string;
  readonly algorithm_type?: string;
  readonly euler_at_final?: boolean;
  readonly thresholding: boolean;
  readonly dynamic_thresholding_ratio: number;
  readonly sample_max_value: number;
}

export const solverDefaults: SolverConfig = {
  ...sigmaDefaults,
  ...sigmaSpacings,
  solver_order: 2,
  lower_order_final: true,
  solver_type: 'midpoint',
  thresholding: false,
  dynamic_thresholding_ratio: 0.995,
  sample_max_value: 1,
};

/** λ at σ; infinite at σ = 0. */
export function halfLogSnr(sigma: number): number {
  return -Math.log(sigma);
}

/** (√ᾱ, √(1-ᾱ)) at σ. */
export function levelOfSigma(sigma: number): NoiseLevel {
  return { signal: 1 / Math.hypot(sigma, 1), noise: sigma / Math.hypot(sigma, 1) };
}

/** The clean latents or the noise that an output stands for, limited where the config says so. */
export function convertOutput(predicts: 'x0' | 'eps', config: SolverConfig, output: tf.Tensor, x: tf.Tensor, sigma: number): tf.Tensor {
  const level = levelOfSigma(sigma);
  const { x0, eps } = interpret(config.prediction_type, output, x, level);
  const limit = makeLimit(config);
  if (!limit) return predicts === 'x0' ? x0 : eps;
  const limited = limit(x0);
  return predicts === 'x0' ? limited : linear([1 / level.noise, x], [-level.signal / level.noise, limited]);
}

export interface SolverUpdate {
  readonly x: tf.Tensor;
  /** Converted outputs, newest first: as many as there are up to `solver_order`. */
  readonly outputs: readonly tf.Tensor[];
  readonly sigmas: readonly number[];
  readonly call: number;
  /** How many of the outputs this step may use. */
  readonly order: number;
  readonly noise?: tf.Tensor;
}

export interface SolverParts {
  readonly predicts: 'x0' | 'eps';
  readonly rules?: SigmaRules;
  readonly stochastic?: boolean;
  update(at: SolverUpdate): tf.Tensor;
}

/** Tables of a solver; checks its order. */
export function solverTables(
  config: SolverConfig,
  request: StepsRequest,
  rules: SigmaRules = {},
): Omit<Method, 'step'> & { sigmas: readonly number[] } {
  if (![1, 2, 3].includes(config.solver_order)) throw new RangeError(`solver_order: expected 1, 2 or 3, got ${config.solver_order}`);
  const { timesteps, sigmas, alphasCumprod } = makeSigmas(config, request, { openEnd: true, ...rules });
  return {
    timesteps,
    sigmas,
    initNoiseSigma: 1,
    level: (t) => {
      const i = timesteps.indexOf(t);
      if (i >= 0) return levelOfSigma(sigmas[i]!);
      if (alphasCumprod[t] === undefined) throw new RangeError(`t is ${t}, not a timestep below ${alphasCumprod.length}`);
      return levelOf(alphasCumprod[t]!);
    },
  };
}

/** A multistep method whose order rises over its first calls, and falls over the last ones where few steps are taken. */
export function solverMethod(config: SolverConfig, request: StepsRequest, parts: SolverParts): Method {
  const tables = solverTables(config, request, parts.rules);
  const { sigmas } = tables;
  const steps = tables.timesteps.length;
  const orderAt = ({ call, outputs }: SchedulerState): number => {
    const few = config.lower_order_final && steps < 15;
    const left = steps - call;
    if (left === 1 && (few || config.euler_at_final || sigmas[steps] === 0)) return 1;
    return Math.min(config.solver_order, outputs.length + 1, left === 2 && few ? 2 : 3);
  };
  return {
    ...tables,
    drawsNoise: (call) => parts.stochastic === true && sigmas[call + 1]! > 0,
    step(state, x, output, { noise }) {
      const { call } = state;
      const converted = convertOutput(parts.predicts, config, output, x, sigmas[call]!);
      const outputs = [converted, ...state.outputs].slice(0, config.solver_order);
      return { x: parts.update({ x, outputs, sigmas, call, order: orderAt(state), noise }), outputs };
    },
  };
}

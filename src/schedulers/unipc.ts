/**
 * Unified predictor-corrector (UniPC). Zhao et al. 2023, arXiv:2302.04867: the corrector uses the output that the next step's predictor
 * needs anyway.
 */

import type * as tf from '@tensorflow/tfjs-core';
import { linear } from './combine';
import { noFlow } from './dpm-solver';
import type { SchedulerClass } from './scheduler-class';
import { convertOutput, halfLogSnr, levelOfSigma, type SolverConfig, solverDefaults, solverTables } from './solver';

/** B(h) = h, or e^h - 1 (section 3.1). */
export type UniPcVariant = 'bh1' | 'bh2';

export interface UniPcStep {
  readonly variant: UniPcVariant;
  /** Whether `outputs` are predicted clean latents (true) or noise. */
  readonly predictX0: boolean;
  /** Latents where the step starts. */
  readonly x: tf.Tensor;
  /** Outputs at the levels of `past`, newest first. */
  readonly outputs: readonly tf.Tensor[];
  /** σ from the step's start back, newest first, as many as the order. */
  readonly past: readonly number[];
  /** σ where the step ends. */
  readonly next: number;
  /** For the corrector: the output at `next`. */
  readonly arrived?: tf.Tensor;
}

/**
 * UniP without `arrived`, UniC with it: algorithms 5 and 6 with data prediction, 1 and 2 with noise prediction.
 *
 * @returns latents at `next`; the caller disposes it
 */
export function uniPcStep({ variant, predictX0, x, outputs, past, next, arrived }: UniPcStep): tf.Tensor {
  const order = past.length;
  const [from, to] = [levelOfSigma(past[0]!), levelOfSigma(next)];
  const h = halfLogSnr(next) - halfLogSnr(past[0]!);
  const hh = predictX0 ? -h : h;
  const ratios = past.slice(1).map((sigma) => (halfLogSnr(sigma) - halfLogSnr(past[0]!)) / h); // r_m of the earlier levels
  const scale = -(predictX0 ? to.signal : to.noise);
  const base = [predictX0 ? to.noise / from.noise : to.signal / from.signal, x] as const;
  const straight = [scale * Math.expm1(hh), outputs[0]!] as const;
  const nodes = arrived ? [...ratios, 1] : ratios;
  if (nodes.length === 0) return linear(base, straight);

  const bh = variant === 'bh1' ? hh : Math.expm1(hh);
  // As published, 1/2 where one weight is enough.
  const rhos = order === (arrived ? 1 : 2) ? [0.5] : solveVandermonde(nodes, rightSide(hh, bh, nodes.length));
  const differences = nodes.flatMap((r, k) => {
    const weight = (scale * bh * rhos[k]!) / r;
    return [[weight, k < ratios.length ? outputs[k + 1]! : arrived!] as const, [-weight, outputs[0]!] as const];
  });
  return linear(base, straight, ...differences);
}

/** The vector b of eq. (10): b_i = i! h φ_{i+1}(h) / B(h). */
function rightSide(h: number, bh: number, n: number): number[] {
  const b: number[] = [];
  let factorial = 1;
  let phi = Math.expm1(h) / h - 1;
  for (let i = 1; i <= n; i++) {
    b.push((phi * factorial) / bh);
    factorial *= i + 1;
    phi = phi / h - 1 / factorial;
  }
  return b;
}

/** Solves Σ_k r_k^i ρ_k = b_i for i = 0 … n-1, by Gaussian elimination with pivoting. */
function solveVandermonde(nodes: readonly number[], b: readonly number[]): number[] {
  const n = nodes.length;
  const rows = b.map((right, i) => [...nodes.map((r) => r ** i), right]);
  for (let k = 0; k < n; k++) {
    const pivot = rows.slice(k).reduce((best, row, i) => (Math.abs(row[k]!) > Math.abs(rows[best]![k]!) ? i + k : best), k);
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]! / rows[k]![k]!;
      rows[i] = rows[i]!.map((value, j) => value - factor * rows[k]![j]!);
    }
  }
  return rows.map((row, k) => row[n]! / row[k]!);
}

export interface UniPcConfig extends SolverConfig {
  readonly solver_type: UniPcVariant | 'midpoint' | 'heun' | 'logrho';
  readonly predict_x0: boolean;
  readonly final_sigmas_type: 'zero' | 'sigma_min';
  /** Calls after which nothing is corrected. */
  readonly disable_corrector: readonly number[];
}

export const unipc: SchedulerClass<UniPcConfig> = {
  className: 'UniPCMultistepScheduler',
  shortName: 'unipc',
  defaults: {
    ...solverDefaults,
    solver_type: 'bh2',
    predict_x0: true,
    final_sigmas_type: 'zero',
    disable_corrector: [],
    sigma_min: null,
    sigma_max: null,
    rescale_betas_zero_snr: false,
  },
  // The names of other solvers' variants stand in configs that were made for those; they mean bh2 here.
  choices: { solver_type: ['bh1', 'bh2', 'midpoint', 'heun', 'logrho'] },
  only: { ...noFlow, solver_p: null, shift_terminal: null },
  build(config, request) {
    const tables = solverTables(config, request);
    const { sigmas } = tables;
    const { predict_x0: predictX0, solver_order: most } = config;
    if (!predictX0 && config.final_sigmas_type === 'zero')
      throw new RangeError('final_sigmas_type: predict_x0 false needs sigma_min, got zero');
    const steps = tables.timesteps.length;
    const variant = config.solver_type === 'bh1' ? 'bh1' : 'bh2';
    const orderAt = (call: number): number => {
      const left = steps - call;
      const bounded = config.lower_order_final || (left === 1 && sigmas[steps] === 0) ? Math.min(most, left) : most;
      return Math.min(bounded, call + 1);
    };
    const past = (call: number): number[] => Array.from({ length: orderAt(call) }, (_, i) => sigmas[call - i]!);
    return {
      ...tables,
      step(state, x, output) {
        const { call, outputs: earlier } = state;
        const arrived = convertOutput(predictX0 ? 'x0' : 'eps', config, output, x, sigmas[call]!);
        const correct = state.sample && !config.disable_corrector.includes(call - 1);
        const shared = { variant, predictX0 } as const;
        const sample = correct
          ? uniPcStep({ ...shared, x: state.sample!, outputs: earlier, past: past(call - 1), next: sigmas[call]!, arrived })
          : x;
        const outputs = [arrived, ...earlier].slice(0, most);
        return { x: uniPcStep({ ...shared, x: sample, outputs, past: past(call), next: sigmas[call + 1]! }), outputs, sample };
      },
    };
  },
};

/**
 * The order of every ODE solver, on a problem whose solution is known: twice the steps divide the error by 2^order.
 *
 * Clean values are normal with mean μ and standard deviation s, so the ideal network and the probability flow are formulas: with
 * y = x0 + σ ε, ε(y; σ) = σ (y - μ) / (s² + σ²), and y - μ falls as √(s² + σ²). The log signal-to-noise ratio is linear in the timestep,
 * so that equal timesteps are equal steps of every method. The error is taken half-way, at a timestep that every run visits: the last step,
 * to σ = 0, is one of order 1 in most methods by design.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createScheduler, type SchedulerConfig, schedulerNames } from 'roentgen-lab/schedulers';
import { noLeaks } from '../support';

/** Divisible by all numbers of steps below. */
const trainSteps = 4800;
const alphasCumprod = Array.from({ length: trainSteps + 1 }, (_, t) => 1 / (1 + Math.exp((10 * t) / trainSteps - 5)));
const betas = alphasCumprod.map((alpha, t) => 1 - alpha / (alphasCumprod[t - 1] ?? 1));
const trailing = { num_train_timesteps: trainSteps, trained_betas: betas.slice(0, trainSteps), timestep_spacing: 'trailing' };
/** For a method that has no other spacing: with one timestep more its intervals are whole. */
const linspace = { num_train_timesteps: trainSteps + 1, trained_betas: betas };

const [mean, deviation] = [0.4, 0.25];
const spread = (sigma: number): number => Math.hypot(deviation, sigma);

/** The error of y half-way through a run of so many steps. */
function errorHalfway(config: SchedulerConfig, steps: number): number {
  const scheduler = createScheduler(config, { steps });
  const { timesteps } = scheduler;
  return tf.tidy(() => {
    /** Latents to y, and σ, of a call. Where the input is scaled the scale tells σ, also between timesteps; elsewhere ᾱ does. */
    const levels = timesteps.map((t, call) => {
      const scale = scheduler.scaleInput({ call, outputs: [] }, tf.scalar(1)).dataSync()[0]!;
      const sigma = scale === 1 ? Math.sqrt(1 / alphasCumprod[t]! - 1) : Math.sqrt(1 / scale ** 2 - 1);
      return { sigma, toY: scale === 1 ? Math.hypot(1, sigma) : 1 };
    });
    const halfway = timesteps.indexOf(timesteps[0]! - trainSteps / 2);
    let x: tf.Tensor = tf.tensor1d([1.7 * scheduler.initNoiseSigma]);
    const y = (call: number): number => x.dataSync()[0]! * levels[call]!.toY;
    const start = y(0);
    let state = scheduler.start();
    for (let call = 0; call < halfway; call++) {
      const { sigma } = levels[call]!;
      const eps = tf.tensor1d([(sigma * (y(call) - mean)) / spread(sigma) ** 2]);
      ({ x, state } = scheduler.step(state, x, eps, timesteps[call]!));
    }
    const exact = mean + (start - mean) * (spread(levels[halfway]!.sigma) / spread(levels[0]!.sigma));
    return Math.abs(y(halfway) - exact);
  });
}

interface Solver {
  readonly className: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The order, or the least and the greatest that fit where the first steps, which have a lower one, still show. */
  readonly order: number | readonly [least: number, greatest: number];
  /** Steps that are doubled; the error is far above float32's rounding with them, and the powers of h above the order are small. */
  readonly steps: number;
}

const solver = (className: string, order: Solver['order'], options: Solver['options'] = {}, steps = 24): Solver => ({
  className,
  options,
  order,
  steps,
});

const solvers: readonly Solver[] = [
  solver('DDIMScheduler', 1, { clip_sample: false }),
  solver('PNDMScheduler', [2, 4], { skip_prk_steps: true }, 48),
  solver('PNDMScheduler', [2, 4], { skip_prk_steps: false }, 48),
  solver('EulerDiscreteScheduler', 1),
  solver('HeunDiscreteScheduler', 2),
  solver('KDPM2DiscreteScheduler', 2),
  solver('LMSDiscreteScheduler', [2, 4]),
  solver('DPMSolverMultistepScheduler', 1, { solver_order: 1 }),
  solver('DPMSolverMultistepScheduler', 2, { solver_order: 2, solver_type: 'midpoint' }),
  solver('DPMSolverMultistepScheduler', 2, { solver_order: 2, solver_type: 'heun' }),
  solver('DPMSolverMultistepScheduler', 2, { solver_order: 2, algorithm_type: 'dpmsolver', final_sigmas_type: 'sigma_min' }),
  solver('DPMSolverMultistepScheduler', [2, 3], { solver_order: 3 }),
  solver('DPMSolverSinglestepScheduler', 1, { solver_order: 1, ...linspace }),
  solver('DPMSolverSinglestepScheduler', 2, { solver_order: 2, ...linspace }),
  solver('DPMSolverSinglestepScheduler', 3, { solver_order: 3, solver_type: 'heun', ...linspace }),
  solver('DEISMultistepScheduler', 1, { solver_order: 1 }),
  solver('DEISMultistepScheduler', 2, { solver_order: 2 }),
  solver('DEISMultistepScheduler', [2, 3], { solver_order: 3 }),
  solver('UniPCMultistepScheduler', 2, { solver_order: 1, solver_type: 'bh1' }), // the corrector adds one
  solver('UniPCMultistepScheduler', 3, { solver_order: 2, solver_type: 'bh1' }),
  solver('UniPCMultistepScheduler', 3, { solver_order: 2, solver_type: 'bh2' }),
];

/** They draw noise at every step, so they follow no ODE. */
const stochastic = ['DDPMScheduler', 'EulerAncestralDiscreteScheduler'];

test('every scheduler has an order here, or draws noise', () => {
  const named = new Set([...solvers.map(({ className }) => className), ...stochastic]);
  assert.deepEqual([...named].sort(), Object.keys(schedulerNames).sort());
});

for (const { className, options, order, steps } of solvers) {
  const [least, greatest] = typeof order === 'number' ? [order, order] : order;
  const shown = Object.entries(options).filter(([key]) => !(key in linspace));
  test(
    `${className} ${shown.map((entry) => entry.join(' ')).join(', ')}: order ${least === greatest ? least : `${least} to ${greatest}`}`,
    noLeaks(() => {
      const config = { _class_name: className, ...('trained_betas' in options ? {} : trailing), ...options };
      const [coarse, fine] = [errorHalfway(config, steps), errorHalfway(config, 2 * steps)];
      const measured = Math.log2(coarse / fine);
      assert.ok(measured > least - 0.3 && measured < greatest + 0.3, `measured ${measured.toFixed(2)} (errors ${coarse}, ${fine})`);
    }),
  );
}

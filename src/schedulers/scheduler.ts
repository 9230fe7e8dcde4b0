/** The one interface that a pipeline uses whatever the method: tables, and a pure step with its state in and out. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectSameShape } from '../engine/internal';
import type { NoiseLevel } from './prediction';
import { addNoiseAt, expectScheduled, velocityAt } from './schedule';

/** What a multistep method remembers; owned by whoever holds it: `disposeState`. */
export interface SchedulerState {
  /** Network calls made so far. */
  readonly call: number;
  /** What earlier calls gave, newest first, in the method's own form. */
  readonly outputs: readonly tf.Tensor[];
  /** Latents that a step of several calls starts from. */
  readonly sample?: tf.Tensor;
}

export interface StepOptions {
  /** For DDIM: 0 is deterministic, 1 has DDPM's variance. Other methods take none. */
  readonly eta?: number;
  /** Standard normal, the shape of the latents; required where `drawsNoise` says so. */
  readonly noise?: tf.Tensor;
  /** For LMS: how many calls are combined, 4 by default; for comparison with the reference, pipelines do not set it. */
  readonly order?: number;
}

export interface Scheduler {
  /** The `_class_name` that scheduler_config.json has for it. */
  readonly className: string;
  /** Every key that the method reads, with the value in use. */
  readonly config: Readonly<Record<string, unknown>>;
  /** One entry for each call of the network, from noisy to clean; fractional for some methods, with repeats for others. */
  readonly timesteps: readonly number[];
  /** Noise levels σ of the methods that are written in σ, from noisy to clean. */
  readonly sigmas?: readonly number[];
  /** Standard deviation of the latents that a run from pure noise starts with. */
  readonly initNoiseSigma: number;
  /** The state before the first call. */
  start(): SchedulerState;
  /** What the network is shown for latents `x` at call `state.call`; owned by the caller. */
  scaleInput(state: SchedulerState, x: tf.Tensor): tf.Tensor;
  /** Whether the next step needs `noise`. */
  drawsNoise(state: SchedulerState, options?: StepOptions): boolean;
  /**
   * One step with the network's output for `x` at `t`.
   *
   * @returns the next latents and state; both are the caller's, the arguments stay untouched
   * @throws RangeError where `t` is not the timestep of this call, all calls are done, or noise is missing
   */
  step(state: SchedulerState, x: tf.Tensor, output: tf.Tensor, t: number, options?: StepOptions): { x: tf.Tensor; state: SchedulerState };
  /** Latents of the noise level that `t` has, for one timestep or one per row. */
  addNoise(clean: tf.Tensor, noise: tf.Tensor, t: number | readonly number[]): tf.Tensor;
  /**
   * The target of v-prediction at `t`. Euler's is that of the reference, which looks ᾱ up by the call's number: training uses
   * `noiseTables`.
   */
  velocity(clean: tf.Tensor, noise: tf.Tensor, t: number | readonly number[]): tf.Tensor;
}

/** What a method's step gives: tensors may be borrowed ones, the wrapper copies. */
export interface Stepped {
  readonly x: tf.Tensor;
  readonly outputs?: readonly tf.Tensor[];
  readonly sample?: tf.Tensor;
}

/** What one method contributes; `wrapMethod` adds the checks and the memory rules that all share. */
export interface Method {
  readonly timesteps: readonly number[];
  readonly sigmas?: readonly number[];
  readonly initNoiseSigma: number;
  /** The network's input is the latents times this; 1 by default. */
  inputScale?(call: number): number;
  drawsNoise?(call: number, options: StepOptions): boolean;
  /** Runs inside a memory scope. */
  step(state: SchedulerState, x: tf.Tensor, output: tf.Tensor, options: StepOptions): Stepped;
  /** Of `addNoise`. */
  level(t: number): NoiseLevel;
  /** Of `velocity`, where it differs from `level`: variance-preserving. */
  velocityLevel?(t: number): NoiseLevel;
}

/** A scheduler of a method. */
export function wrapMethod(className: string, config: Readonly<Record<string, unknown>>, method: Method): Scheduler {
  const { timesteps } = method;
  const expectCall = (state: SchedulerState): void => {
    if (state.call >= timesteps.length)
      throw new RangeError(`${className}: all ${timesteps.length} calls are done; begin again with start()`);
  };
  return {
    className,
    config,
    timesteps,
    ...(method.sigmas ? { sigmas: method.sigmas } : {}),
    initNoiseSigma: method.initNoiseSigma,
    start: () => ({ call: 0, outputs: [] }),
    scaleInput(state, x) {
      expectCall(state);
      const scale = method.inputScale?.(state.call) ?? 1;
      return scale === 1 ? tf.clone(x) : tf.mul(x, scale);
    },
    drawsNoise: (state, options = {}) => method.drawsNoise?.(state.call, options) ?? false,
    step(state, x, output, t, options = {}) {
      expectCall(state);
      if (t !== timesteps[state.call]) {
        expectScheduled(t, timesteps);
        throw new RangeError(
          `${className}: t is ${t}, but call ${state.call} of ${timesteps.length} is at timestep ${timesteps[state.call]}`,
        );
      }
      expectSameShape(`${className}: output`, output, x);
      if (options.noise) expectSameShape(`${className}: noise`, options.noise, x);
      else if (method.drawsNoise?.(state.call, options)) throw new RangeError(`${className}: this step needs noise, got none`);
      return scope(() => {
        const next = method.step(state, x, output, options);
        const outputs = (next.outputs ?? []).map((tensor) => tf.clone(tensor));
        const memory = { call: state.call + 1, outputs, ...(next.sample ? { sample: tf.clone(next.sample) } : {}) };
        return { x: tf.clone(next.x), state: memory };
      });
    },
    addNoise: (clean, noise, t) => addNoiseAt(clean, noise, t, (one) => method.level(one)),
    velocity: (clean, noise, t) => velocityAt(clean, noise, t, (one) => (method.velocityLevel ?? method.level).call(method, one)),
  };
}

/** Frees what a state holds. */
export function disposeState(state: SchedulerState): void {
  for (const tensor of state.outputs) tensor.dispose();
  state.sample?.dispose();
}

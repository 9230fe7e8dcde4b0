/** The sampling loop that all pipelines share: the scheduler's calls of the network, one after another. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { nextTurn } from '../engine/internal';
import type { Scheduler } from '../schedulers';
import { disposeState } from '../schedulers/internal';
import type { Predictor } from './predictor';

/** What a loop tells after each call. */
export interface LoopStep {
  /** Calls made, from 1. */
  readonly call: number;
  readonly calls: number;
  /** The timestep that was evaluated. */
  readonly timestep: number;
  /** Latents as the network saw them in the call, [B, h, w, C]; borrowed until the callback's promise is done. */
  readonly input: tf.Tensor4D;
  /** Latents after the call, [B, h, w, C]; borrowed too. */
  readonly latents: tf.Tensor4D;
  /** The same in the scale of clean latents plus noise of variance 1, as the next call's network sees them; borrowed too. */
  readonly scaled: tf.Tensor4D;
}

export interface DenoiseOptions {
  readonly scheduler: Scheduler;
  /** Latents of the first timestep's noise level, [B, h, w, C]; borrowed. */
  readonly latents: tf.Tensor4D;
  readonly predict: Predictor;
  /** For DDIM: 0 is deterministic, 1 has DDPM's variance. */
  readonly eta?: number;
  /** Fresh standard normal noise for a call (from 0), owned by the loop. */
  readonly noise?: (call: number) => tf.Tensor4D;
  /** Replaces the latents after a call (from 0), in a memory scope; for inpainting. */
  readonly adjust?: (latents: tf.Tensor4D, call: number) => tf.Tensor;
  readonly onStep?: (step: LoopStep) => void | Promise<void>;
  /** Ends the loop before the next call. */
  readonly signal?: AbortSignal;
}

/**
 * Runs all calls of a scheduler.
 *
 * @returns clean latents, [B, h, w, C]; the caller disposes it
 * @throws the signal's reason where it was raised; RangeError where the scheduler draws noise and there is none
 */
export async function denoise({
  scheduler,
  latents,
  predict,
  eta = 0,
  noise,
  adjust,
  onStep,
  signal,
}: DenoiseOptions): Promise<tf.Tensor4D> {
  let x = tf.clone(latents);
  let state = scheduler.start();
  const calls = scheduler.timesteps.length;
  try {
    for (const [call, t] of scheduler.timesteps.entries()) {
      signal?.throwIfAborted();
      const { input, ...next } = step(call, t);
      disposeState(state);
      x.dispose();
      state = next.state;
      x = next.x as tf.Tensor4D;
      if (onStep) {
        const scaled = (call + 1 < calls ? scheduler.scaleInput(state, x) : tf.clone(x)) as tf.Tensor4D;
        try {
          await onStep({ call: call + 1, calls, timestep: t, input, latents: x, scaled });
        } finally {
          tf.dispose([scaled, input]);
        }
      } else {
        input.dispose();
      }
      await nextTurn();
    }
    signal?.throwIfAborted();
  } catch (error) {
    x.dispose();
    throw error;
  } finally {
    disposeState(state);
  }
  return x;

  function step(call: number, t: number): ReturnType<Scheduler['step']> & { readonly input: tf.Tensor4D } {
    return scope(() => {
      const input = tf.clone(scheduler.scaleInput(state, x)) as tf.Tensor4D;
      const output = predict(input, t);
      const drawn = scheduler.drawsNoise(state, { eta }) ? noise?.(call) : undefined;
      const next = scheduler.step(state, x, output, t, { eta, noise: drawn });
      return { ...next, input, ...(adjust ? { x: tf.clone(adjust(next.x as tf.Tensor4D, call)) } : {}) };
    });
  }
}

/** Exponential moving average of parameters, with the warm-up rule of diffusers' EMAModel. */

import * as tf from '@tensorflow/tfjs-core';
import { scope, type Tree } from '../../engine';
import { mapTrees } from '../../engine/internal';

/** The decay of step `t`, counted from 1: (1 + s) / (10 + s) with s = t - 1 until that passes `decay`; the first step copies. */
export function emaDecay(t: number, decay: number): number {
  const s = t - 1;
  return s <= 0 ? 0 : Math.min((1 + s) / (10 + s), decay);
}

/** average ← average - (1 - decay) · (average - parameters); the caller disposes the result. */
export function emaUpdate<P extends Tree>(average: P, params: P, decay: tf.Scalar): P {
  return scope(() => {
    const rate = tf.sub(1, decay);
    return mapTrees(([mean, param]) => tf.sub(mean, tf.mul(rate, tf.sub(mean, param))), average, params);
  });
}

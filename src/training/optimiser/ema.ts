/** Exponential moving average of parameters, with the warm-up rule of diffusers' EMAModel. */

import * as tf from '@tensorflow/tfjs-core';
import { flatten, mapTree, scope, type Tree } from '../../engine';

/** The decay of step `t`, counted from 1: (1 + s) / (10 + s) with s = t - 1 until that passes `decay`; the first step copies. */
export function emaDecay(t: number, decay: number): number {
  const s = t - 1;
  return s <= 0 ? 0 : Math.min((1 + s) / (10 + s), decay);
}

/** average ← average - (1 - decay) · (average - parameters); the caller disposes the result. */
export function emaUpdate<P extends Tree>(average: P, params: P, decay: tf.Scalar): P {
  return scope(() => {
    const now = flatten(params);
    const rest = tf.sub(1, decay);
    return mapTree((leaf, path) => tf.sub(leaf, tf.mul(rest, tf.sub(leaf, now[path]!))), average);
  });
}

/** AdamW: Adam with decoupled weight decay. Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, in PyTorch's form. */

import * as tf from '@tensorflow/tfjs-core';
import { type FlatTree, mapTree, scope, type Tree, unflatten } from '../../engine';
import { adamUpdate, mapTrees } from '../../engine/internal';
import { type LearningRate, learningRateGroup } from './learning-rate';

export interface AdamWOptions {
  /** Decay rates of the first and second moment. */
  readonly betas: readonly [number, number];
  /** Added to the root of the second moment. */
  readonly epsilon: number;
  /** λ: each step takes λ · learning rate of every parameter away. */
  readonly weight_decay: number;
}

/** Running means of the gradient and of its square, each of the parameters' form. */
export type Moments<P extends Tree> = { readonly m: P; readonly v: P };

/** What changes from step to step, as scalars, so that one graph serves every step. */
export type AdamWSchedule = {
  readonly beta1: tf.Scalar;
  readonly beta2: tf.Scalar;
  readonly epsilon: tf.Scalar;
  /** By group of parameters (`LearningRate.peaks`): the rate with the moments' corrections, and the weights' decay. */
  readonly rates: Readonly<Record<string, tf.Scalar>>;
  readonly decays: Readonly<Record<string, tf.Scalar>>;
};

/** Moments before the first step: zeros. The caller disposes them. */
export function initMoments<P extends Tree>(params: P): Moments<P> {
  return { m: mapTree((leaf) => tf.zerosLike(leaf), params), v: mapTree((leaf) => tf.zerosLike(leaf), params) };
}

/**
 * The scalars of step `t`, counted from 1; corrections are computed in double precision, since β₂ is near 1. The caller disposes them.
 *
 * @param rates the step's learning rates by group, '' for those in none (`learningRatesAt`)
 */
export function adamWSchedule(t: number, rates: Readonly<Record<string, number>>, options: AdamWOptions): AdamWSchedule {
  const [beta1, beta2] = options.betas;
  const root = Math.sqrt(1 - beta2 ** t);
  const each = (fn: (rate: number) => number): Record<string, tf.Scalar> =>
    Object.fromEntries(Object.entries(rates).map(([group, rate]) => [group, tf.scalar(fn(rate))]));
  return {
    beta1: tf.scalar(beta1),
    beta2: tf.scalar(beta2),
    epsilon: tf.scalar(options.epsilon * root),
    rates: each((rate) => (rate * root) / (1 - beta1 ** t)),
    decays: each((rate) => rate * options.weight_decay),
  };
}

/** The scalars where `active` is true; elsewhere those with which a step changes nothing. */
export function whereActive(active: tf.Tensor, { beta1, beta2, epsilon, rates, decays }: AdamWSchedule): AdamWSchedule {
  return scope(() => {
    const or = (x: tf.Scalar, rest: number): tf.Scalar => tf.where(active, x, tf.scalar(rest));
    const zeroed = (group: Readonly<Record<string, tf.Scalar>>): Record<string, tf.Scalar> =>
      Object.fromEntries(Object.entries(group).map(([name, x]) => [name, or(x, 0)]));
    return { beta1: or(beta1, 1), beta2: or(beta2, 1), epsilon: tf.clone(epsilon), rates: zeroed(rates), decays: zeroed(decays) };
  });
}

/**
 * One step over a whole tree; in a compiled step, in place (`adamUpdate`).
 *
 * @param learning_rate says which parameter is in which group
 * @returns new parameters and moments; the caller disposes them
 */
export function adamW<P extends Tree>(
  params: P,
  grads: P,
  moments: Moments<P>,
  { beta1, beta2, epsilon, rates, decays }: AdamWSchedule,
  { weight_decay, learning_rate }: AdamWOptions & { readonly learning_rate: LearningRate },
): { params: P; moments: Moments<P> } {
  return scope(() => {
    const nextM: FlatTree = {};
    const nextV: FlatTree = {};
    const update = ([param, grad, m, v]: readonly [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], path: string): tf.Tensor => {
      const group = learningRateGroup(learning_rate, path);
      const decay = weight_decay === 0 ? undefined : decays[group];
      const next = adamUpdate({ param, m, v }, grad, { rate: rates[group]!, beta1, beta2, epsilon, decay });
      nextM[path] = next.m;
      nextV[path] = next.v;
      return next.param;
    };
    const nextParams = mapTrees(update, params, grads, moments.m, moments.v);
    return { params: nextParams, moments: { m: unflatten<P>(nextM), v: unflatten<P>(nextV) } };
  });
}

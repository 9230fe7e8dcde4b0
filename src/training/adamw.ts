/** AdamW: Adam with decoupled weight decay. Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, in PyTorch's form. */

import * as tf from '@tensorflow/tfjs-core';
import { flatten, mapTree, scope, type Tree } from '../engine';

export interface AdamWOptions {
  /** Decay rates of the first and second moment. */
  readonly betas: readonly [number, number];
  /** Added to the root of the second moment. */
  readonly epsilon: number;
  /** λ: each step takes λ · learning rate of every parameter away. */
  readonly weightDecay: number;
}

/** Running means of the gradient and of its square, each of the parameters' form. */
export type Moments<P extends Tree> = { readonly m: P; readonly v: P };

/** What changes from step to step, as scalars, so that one graph serves every step. */
export interface AdamWSchedule {
  readonly learningRate: tf.Scalar;
  /** 1 - β₁^t and 1 - β₂^t of step t = 1, 2, …; computed in double precision, since β₂ is near 1. */
  readonly correction1: tf.Scalar;
  readonly correction2: tf.Scalar;
}

/** Moments before the first step: zeros. The caller disposes them. */
export function initMoments<P extends Tree>(params: P): Moments<P> {
  return { m: mapTree((leaf) => tf.zerosLike(leaf), params), v: mapTree((leaf) => tf.zerosLike(leaf), params) };
}

/** The scalars of step `t`, counted from 1. The caller disposes them. */
export function adamWSchedule(t: number, learningRate: number, [beta1, beta2]: readonly [number, number]): AdamWSchedule {
  return { learningRate: tf.scalar(learningRate), correction1: tf.scalar(1 - beta1 ** t), correction2: tf.scalar(1 - beta2 ** t) };
}

/**
 * One step over a whole tree.
 *
 * @returns new parameters and moments; the caller disposes them
 */
export function adamW<P extends Tree>(
  params: P,
  grads: P,
  moments: Moments<P>,
  { learningRate, correction1, correction2 }: AdamWSchedule,
  { betas: [beta1, beta2], epsilon, weightDecay }: AdamWOptions,
): { params: P; moments: Moments<P> } {
  return scope(() => {
    const [g, m, v] = [flatten(grads), flatten(moments.m), flatten(moments.v)];
    const keep = tf.sub(1, tf.mul(learningRate, weightDecay));
    const rate = tf.div(learningRate, correction1);
    const root2 = tf.sqrt(correction2);
    const nextM = mapTree((_, path) => tf.add(tf.mul(m[path]!, beta1), tf.mul(g[path]!, 1 - beta1)), params);
    const nextV = mapTree((_, path) => tf.add(tf.mul(v[path]!, beta2), tf.mul(tf.square(g[path]!), 1 - beta2)), params);
    const [m1, v1] = [flatten(nextM), flatten(nextV)];
    const next = mapTree((leaf, path) => {
      const denominator = tf.add(tf.div(tf.sqrt(v1[path]!), root2), epsilon);
      return tf.sub(tf.mul(leaf, keep), tf.mul(rate, tf.div(m1[path]!, denominator)));
    }, params);
    return { params: next, moments: { m: nextM, v: nextV } };
  });
}

/** What a step makes of its gradient: clipping, AdamW and the moving average, in one pass where the engine has that. */

import * as tf from '@tensorflow/tfjs-core';
import { type FlatTree, flatten, scope, type Tree, unflatten } from '../../engine';
import { type AveragedLeaf, adamInOnePass, fitsOnePass } from '../../engine/internal';
import { type AdamWSchedule, adamW, type Moments, whereActive } from './adamw';
import { clipScale, scaleGradients, squaredNorms } from './clip';
import { emaUpdate } from './ema';
import { learningRateGroup } from './learning-rate';
import type { Optimisation } from './optimisation';

/** What the optimiser carries from step to step. */
export type Optimised<P extends Tree> = {
  readonly params: P;
  readonly moments: Moments<P>;
  /** Moving average of the parameters. */
  readonly ema?: P;
};

/** A step's gradient, and what is known of it. */
export interface StepGradient<P extends Tree> {
  readonly grads: P;
  /** Σ g² of each leaf, in the tree's order. */
  readonly squares: tf.Tensor1D;
  /** The root of their sum. */
  readonly norm: tf.Scalar;
  /** Where it is false, nothing changes. */
  readonly active: tf.Tensor;
}

/** Scalars of one step. */
export type UpdateScalars = AdamWSchedule & { readonly emaDecay: tf.Scalar };

/**
 * The next parameters, moments and average, and Σ θ² of each parameter; in a compiled step, in place. The caller disposes them.
 *
 * @param optimisation says the norm to which gradients are clipped, the weights' decay, and which parameter is in which group of rates
 */
export function updateParameters<P extends Tree>(
  current: Optimised<P>,
  gradient: StepGradient<P>,
  scalars: UpdateScalars,
  optimisation: Optimisation,
): Optimised<P> & { readonly squares: tf.Tensor1D } {
  return scope(() => {
    const [params, m, v, ema] = [current.params, current.moments.m, current.moments.v, current.ema ?? {}].map((tree) => flatten(tree));
    const paths = Object.keys(params!);
    const leaves = paths.map((path) => ({ param: params![path]!, m: m![path]!, v: v![path]!, average: ema![path] }));
    return fitsOnePass(leaves)
      ? inOnePass(current, paths, leaves, gradient, scalars, optimisation)
      : composed(current, gradient, scalars, optimisation);
  });
}

function inOnePass<P extends Tree>(
  current: Optimised<P>,
  paths: readonly string[],
  leaves: readonly AveragedLeaf[],
  { grads, squares, norm, active }: StepGradient<P>,
  { emaDecay: averaging, rates, decays, ...scalars }: UpdateScalars,
  { clip_norm, learning_rate }: Optimisation,
): Optimised<P> & { readonly squares: tf.Tensor1D } {
  const names = Object.keys(rates);
  const groups = paths.map((path) => names.indexOf(learningRateGroup(learning_rate, path)));
  const flatGrads = flatten(grads);
  const next = adamInOnePass(
    leaves,
    paths.map((path) => flatGrads[path]!),
    groups,
    {
      ...scalars,
      active,
      scale: clipScale(norm, clip_norm),
      averaging,
      rates: names.map((name) => rates[name]!),
      decays: names.map((name) => decays[name]!),
    },
    squares,
  );
  const tree = (pick: (leaf: AveragedLeaf) => tf.Tensor): P =>
    unflatten<P>(Object.fromEntries(paths.map((path, i) => [path, pick(next.leaves[i]!)])) as FlatTree);
  return {
    params: tree(({ param }) => param),
    moments: { m: tree(({ m }) => m), v: tree(({ v }) => v) },
    ...(current.ema ? { ema: tree(({ average }) => average!) } : {}),
    squares: next.squares,
  };
}

/** The same, op by op. */
function composed<P extends Tree>(
  current: Optimised<P>,
  { grads, norm, active }: StepGradient<P>,
  scalars: UpdateScalars,
  optimisation: Optimisation,
): Optimised<P> & { readonly squares: tf.Tensor1D } {
  const scale = tf.where(active, clipScale(norm, optimisation.clip_norm), tf.scalar(0)) as tf.Scalar;
  const clipped = scaleGradients(grads, scale);
  const { params, moments } = adamW(current.params, clipped, current.moments, whereActive(active, scalars), optimisation);
  const keep = tf.where(active, scalars.emaDecay, tf.scalar(1)) as tf.Scalar; // a decay of 1 leaves the average as it is
  return {
    params,
    moments,
    ...(current.ema ? { ema: emaUpdate(current.ema, params, keep) } : {}),
    squares: squaredNorms(params),
  };
}

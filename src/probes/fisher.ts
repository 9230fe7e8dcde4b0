/** Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv:1612.00796): how much each weight matters to what a model knows, and the price of moving it. */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, mapTree, scope, type Tree, valueAndGrad } from '../engine';
import { mapTrees } from '../engine/internal';

/** The log-probabilities of the classes for one case, [classes]; pure. */
export type LogProbabilities<P extends Tree> = (params: P, index: number) => tf.Tensor1D;

/**
 * The diagonal of the Fisher information at `params`, from one backward pass for each case: the mean of squared gradients of log p(label), which is the empirical one, or
 * without labels of the expectation of them over the model's own classes.
 *
 * @param count  of cases
 * @param labels their classes
 * @returns      the form of `params`; the caller disposes it
 */
export function diagonalFisher<P extends Tree>(
  logProbabilities: LogProbabilities<P>,
  params: P,
  count: number,
  labels?: ArrayLike<number>,
): P {
  let sum = scope(() => mapTree((leaf) => tf.zerosLike(leaf), params));
  for (let i = 0; i < count; i++) {
    const classes = labels ? [labels[i]!] : Array.from({ length: scope(() => logProbabilities(params, i).size) }, (_, k) => k);
    for (const label of classes) {
      const { value, grads } = valueAndGrad((p: P) => tf.reshape(tf.slice(logProbabilities(p, i), [label], [1]), []) as tf.Scalar)(params);
      const next = scope(() => {
        const weight = labels ? 1 / count : tf.div(tf.exp(value), count);
        return mapTrees(([total, grad]) => tf.add(total, tf.mul(tf.square(grad), weight)), sum, grads);
      });
      dispose(sum, value, grads);
      sum = next;
    }
  }
  return sum;
}

/**
 * λ/2 Σ F (θ - θ₀)², what weights that matter pay for leaving their anchor.
 *
 * @returns a scalar, which trains; the caller disposes it
 */
export function consolidationPenalty<P extends Tree>(params: P, anchor: P, fisher: P, lambda: number): tf.Scalar {
  return scope(() => {
    const terms: tf.Tensor[] = [];
    mapTrees(
      ([leaf, at, weight]) => {
        terms.push(tf.sum(tf.mul(weight, tf.squaredDifference(leaf, at))));
        return leaf;
      },
      params,
      anchor,
      fisher,
    );
    return tf.mul(tf.addN(terms), lambda / 2) as tf.Scalar;
  });
}

/** Gradient clipping by global norm. Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, algorithm 1, in PyTorch's form. */

import * as tf from '@tensorflow/tfjs-core';
import { flatten, mapTree, scope, type Tree } from '../engine';

/** √(Σ g²) over every value of the tree; a scalar that the caller disposes. */
export function globalNorm(grads: Tree): tf.Scalar {
  return scope(() => tf.sqrt(tf.addN(Object.values(flatten(grads)).map((leaf) => tf.sum(tf.square(leaf))))) as tf.Scalar);
}

/**
 * Gradients scaled so that their global norm is at most `maxNorm`.
 *
 * @returns the scaled tree and the norm before scaling; the caller disposes them
 */
export function clipByGlobalNorm<P extends Tree>(grads: P, maxNorm: number): { grads: P; norm: tf.Scalar } {
  return scope(() => {
    const norm = globalNorm(grads);
    const scale = tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1);
    return { grads: mapTree((leaf) => tf.mul(leaf, scale), grads), norm };
  });
}

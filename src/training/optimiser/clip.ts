/** Gradient clipping by global norm. Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, algorithm 1, in PyTorch's form. */

import * as tf from '@tensorflow/tfjs-core';
import { flatten, mapTree, scope, type Tree } from '../../engine';
import { scaleOrZero, sumsOfSquares } from '../../engine/internal';

/** Σ x² of each leaf in the tree's order, [leaves]; the caller disposes it. */
export function squaredNorms(tree: Tree): tf.Tensor1D {
  return sumsOfSquares(Object.values(flatten(tree)));
}

/** What gradients of this global norm are multiplied by so that it is at most `maxNorm`; a scalar that the caller disposes. */
export function clipScale(norm: tf.Scalar, maxNorm: number): tf.Scalar {
  return scope(() => tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1) as tf.Scalar);
}

/** Gradients times a scalar; all zeros where that is 0, whatever they are. The caller disposes the result. */
export function scaleGradients<P extends Tree>(grads: P, scale: tf.Scalar): P {
  return scope(() => mapTree((leaf) => scaleOrZero(leaf, scale), grads));
}

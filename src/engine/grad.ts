/** Gradients as functions: of a scalar loss with respect to a tree. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from './memory';
import { flatten, mapTree, type Tree, unflatten } from './tree';

/** A loss, or a loss and further results that are not differentiated. */
export type Loss<Aux extends Tree> = tf.Scalar | { readonly loss: tf.Scalar; readonly aux: Aux };

/** What `valueAndGrad` returns; the caller disposes it all. */
export interface ValueAndGrad<P extends Tree, Aux extends Tree> {
  readonly value: tf.Scalar;
  /** The same form as the parameters; zeros for leaves that the loss does not depend on. */
  readonly grads: P;
  readonly aux?: Aux;
}

/**
 * Turns a loss into a function that also returns its gradient with respect to the first argument, a tree.
 *
 * @param loss returns a scalar, or `{ loss, aux }` for further results
 */
export function valueAndGrad<P extends Tree, A extends unknown[], Aux extends Tree = Tree>(
  loss: (params: P, ...args: A) => Loss<Aux>,
): (params: P, ...args: A) => ValueAndGrad<P, Aux> {
  return (params, ...args) =>
    scope(() => {
      const leaves = flatten(params);
      const paths = Object.keys(leaves);
      let auxCopy: Aux | undefined;
      const forward = (): tf.Scalar => {
        const result = loss(params, ...args);
        if (result instanceof tf.Tensor) return result;
        auxCopy = mapTree((leaf) => tf.keep(tf.clone(leaf)), result.aux); // the tape's own scope would free them
        return result.loss;
      };
      const { value, grads } = tf.engine().gradients(forward, Object.values(leaves), undefined, true);
      const tree: Record<string, tf.Tensor> = {};
      paths.forEach((path, i) => {
        tree[path] = grads[i] ?? tf.zerosLike(leaves[path]!);
      });
      let aux: Aux | undefined;
      if (auxCopy !== undefined) {
        aux = mapTree((leaf) => tf.clone(leaf), auxCopy);
        for (const leaf of Object.values(flatten(auxCopy))) leaf.dispose();
      }
      return { value: value as tf.Scalar, grads: unflatten<P>(tree), ...(aux === undefined ? {} : { aux }) };
    });
}

/** The same values without their history: no gradient goes through. In a compiled function too. The caller disposes it. */
export function detach<T extends tf.Tensor>(x: T): T {
  const { state } = tf.engine();
  state.kernelDepth++; // as inside a kernel, where nothing is taped
  try {
    return tf.clone(x);
  } finally {
    state.kernelDepth--;
  }
}

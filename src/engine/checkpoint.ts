/** Gradient checkpointing (Chen et al. 2016, arXiv:1604.06174): a part's inner results are recomputed in the backward pass instead of being saved. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from './memory';
import { attribute, isTensorFlow, rawOp } from './tensorflow';
import { flatten, mapTree, type Tree } from './tree';

/**
 * The value of `fn(params, inputs)`, with the same gradients, at the memory of its inputs.
 *
 * @param fn     pure; its result must depend on tensors only through the two arguments, since only those get gradients
 * @param params what trains, a tree
 * @param inputs activations, a tree
 * @returns      `fn`'s tensor; the caller disposes it
 */
export function checkpoint<P extends Tree, I extends Tree, T extends tf.Tensor>(fn: (params: P, inputs: I) => T, params: P, inputs: I): T {
  const paramLeaves = Object.entries(flatten(params));
  const inputLeaves = Object.entries(flatten(inputs));
  const rebuild = <A extends Tree>(tree: A, leaves: readonly (readonly [string, tf.Tensor])[], values: readonly tf.Tensor[]): A => {
    const byPath = Object.fromEntries(leaves.map(([path], i) => [path, values[i]!]));
    return mapTree((_, path) => byPath[path]!, tree);
  };
  const count = paramLeaves.length;
  const run = (values: readonly tf.Tensor[]): T =>
    fn(rebuild(params, paramLeaves, values.slice(0, count)), rebuild(inputs, inputLeaves, values.slice(count)));
  const operation = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const values = args.slice(0, -1) as tf.Tensor[];
    (args[args.length - 1] as tf.GradSaveFunc)(values);
    return { value: run(values), gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradients(run, saved, count, dy) };
  });
  return operation(...[...paramLeaves, ...inputLeaves].map(([, leaf]) => leaf)) as T;
}

/** Runs forward again with a tape, from the inputs as they are once `dy` is there, and backward from `dy`. */
function gradients(
  run: (values: readonly tf.Tensor[]) => tf.Tensor,
  saved: readonly tf.Tensor[],
  count: number,
  dy: tf.Tensor,
): tf.Tensor[] {
  return scope(() => {
    const engine = tf.engine();
    const { state } = engine;
    const tape = state.activeTape; // the backward pass under way walks a copy, but clears it at its end
    const late = isTensorFlow() ? afterwards(dy) : undefined;
    const values = saved.map((x, i) => (i < count || !late ? tf.clone(x) : late(x)));
    try {
      const { grads } = engine.gradients(() => run(values), values, dy, true);
      return values.map((x, i) => grads[i] ?? tf.zerosLike(x));
    } finally {
      state.activeTape = tape;
    }
  });
}

/**
 * Ties tensors to another one: what is computed from the result can start only when `dy` exists, and TensorFlow's optimiser can't take it for what
 * was computed from `x` before (it merges equal subgraphs, and drops control dependencies between pure ops). The result's shape is x's plus a zero
 * that depends on `dy` in a way that can't be folded: no number is both NaN and finite.
 */
function afterwards(dy: tf.Tensor): (x: tf.Tensor) => tf.Tensor {
  const first = tf.slice(tf.reshape(dy, [dy.size]), [0], [1]);
  const zero = tf.cast(tf.logicalAnd(tf.isNaN(first), tf.isFinite(first)), 'int32');
  return (x) => {
    const type = attribute.type('T', x.dtype as 'float32');
    const shape = tf.add(tf.tensor1d(x.rank === 0 ? [] : x.shape, 'int32'), zero);
    return rawOp('Reshape', [type, attribute.type('Tshape', 'int32')], [x, shape]);
  };
}

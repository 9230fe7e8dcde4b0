/** Adam's update of all leaves at once, in one pass over memory, with what surrounds it: clipping, moving average, sums of squares (kernels/fused/adamw.cc). */

import * as tf from '@tensorflow/tfjs-core';
import type { AdamLeaf } from './adam';
import { isFused } from './fused';
import { scope } from './memory';
import { attribute } from './tensorflow';
import { isVariable, updateVariables } from './trace';

/** A parameter with its moments, and its moving average where there is one; all of one shape. */
export type AveragedLeaf = AdamLeaf & { readonly average?: tf.Tensor };

/** Scalars, so that one graph serves every step; those of `AdamScalars`, and of what surrounds it. */
export interface OnePassScalars {
  /** Where it is false, nothing changes. */
  readonly active: tf.Tensor;
  /** What the gradients are multiplied by. */
  readonly scale: tf.Scalar;
  readonly beta1: tf.Scalar;
  readonly beta2: tf.Scalar;
  readonly epsilon: tf.Scalar;
  /** How much of the moving average stays; the rest comes from the parameter. */
  readonly averaging: tf.Scalar;
  /** By group of leaves, α √(1 - β₂^t) / (1 - β₁^t), and the fraction that is subtracted before the update. */
  readonly rates: readonly tf.Scalar[];
  readonly decays: readonly tf.Scalar[];
}

/** Whether `adamInOnePass` can change these leaves: they are a compiled step's state, and the fused operations are there. All have averages, or none. */
export function fitsOnePass(leaves: readonly AveragedLeaf[]): boolean {
  if (!isFused() || leaves.length === 0) return false;
  return leaves.every(({ param, m, v, average }) => [param, m, v, average].every((x) => x === undefined || isVariable(x)));
}

/**
 * Changes leaves where they lie.
 *
 * @param groups  for each leaf, its index in `rates` and `decays`
 * @param squares a tensor [leaves], for the shape of the one in the result
 * @returns       the next values, which must become the state's, and Σ param² of each; the caller disposes them
 */
export function adamInOnePass(
  leaves: readonly AveragedLeaf[],
  grads: readonly tf.Tensor[],
  groups: readonly number[],
  { active, scale, beta1, beta2, epsilon, averaging, rates, decays }: OnePassScalars,
  squares: tf.Tensor1D,
): { leaves: AveragedLeaf[]; squares: tf.Tensor1D } {
  return scope(() => {
    const averages = leaves.flatMap(({ average }) => average ?? []);
    const variables = [...leaves.map(({ param }) => param), ...leaves.map(({ m }) => m), ...leaves.map(({ v }) => v), ...averages];
    const scalars = tf.stack([tf.cast(active, 'float32'), scale, beta1, beta2, epsilon, averaging]);
    const count = leaves.length;
    const attributes = [attribute.int('N', count), attribute.int('E', averages.length), attribute.ints('groups', groups)];
    const inputs = [...grads, scalars, tf.stack([...rates]), tf.stack([...decays])];
    const next = updateVariables('RoentgenAdamW', variables, inputs, attributes, squares);
    const at = (kind: number, i: number): tf.Tensor => next.leaves[kind * count + i]!;
    return {
      leaves: leaves.map(({ average }, i) => ({ param: at(0, i), m: at(1, i), v: at(2, i), ...(average ? { average: at(3, i) } : {}) })),
      squares: next.result as tf.Tensor1D,
    };
  });
}

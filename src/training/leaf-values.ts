/** Weights as plain values, which outlast the model that they come from: an old place to stay near to, an old model to learn from. */

import * as tf from '@tensorflow/tfjs-core';
import { flatten, type Tree } from '../engine';

/** LeafValues of leaves by their paths. */
export type LeafValues = Readonly<Record<string, { readonly values: Float32Array; readonly shape: readonly number[] }>>;

/** What weights pay for being moved. */
export interface Consolidation {
  /** Where they were. */
  readonly anchor: LeafValues;
  /** How much each matters, 1 on average: of the same leaves. */
  readonly importance: LeafValues;
  /** λ of `consolidationPenalty`. */
  readonly lambda: number;
}

export const valuesOf = (tree: Tree): LeafValues =>
  Object.fromEntries(
    Object.entries(flatten(tree)).map(([path, leaf]) => [path, { values: leaf.dataSync<'float32'>().slice(), shape: [...leaf.shape] }]),
  );

/** Tensors of some of the values; the caller disposes them. */
export const tensorsOf = (values: LeafValues, selects: (path: string) => boolean = () => true): Record<string, tf.Tensor> =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([path]) => selects(path))
      .map(([path, { values: own, shape }]) => [path, tf.tensor(own, [...shape])]),
  );

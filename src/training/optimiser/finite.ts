/** Values that are not finite: found in the step that brings them, before anything is kept of it. */

import * as tf from '@tensorflow/tfjs-core';
import { flatten, scope, type Tree } from '../../engine';
import { sumOfSquares } from '../../engine/internal';

/** A step met NaN or infinity; nothing of it was kept. */
export class NotFiniteError extends Error {
  override readonly name: string = 'NotFiniteError';
  /** @param tensor path of the first tensor that is not finite, such as `batch.latents` or `gradient of unet.conv_in.weight` */
  constructor(
    readonly step: number,
    readonly tensor: string,
    what: string,
  ) {
    super(
      `train: step ${step}: ${tensor} ${what}; the step was not taken and no checkpoint was written. ` +
        (tensor.startsWith('batch')
          ? 'Look for values that are not finite in the data.'
          : 'Lower the learning rate, or start again from the last checkpoint.'),
    );
  }
}

/** Index of the first value that is NaN or infinite, or -1. */
export function firstNotFinite(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** The path of a tree's first tensor with a value that is not finite, and that value; undefined where there is none. */
export function firstBadTensor(tree: Tree): { path: string; value: number; index: number } | undefined {
  for (const [path, leaf] of Object.entries(flatten(tree))) {
    if (leaf.dtype !== 'float32') continue;
    const squares = sumOfSquares(leaf); // without a copy in JavaScript; it may overflow where no value does
    const fine = Number.isFinite(squares.dataSync()[0]);
    squares.dispose();
    if (fine) continue;
    const values = leaf.dataSync<'float32'>();
    const index = firstNotFinite(values);
    if (index >= 0) return { path, value: values[index]!, index };
  }
  return undefined;
}

/** Whether every float32 value of a small tree is finite, as a scalar in the graph. */
export function allFinite(tensors: readonly tf.Tensor[]): tf.Tensor {
  return scope(() => tf.all(tf.isFinite(tf.stack(tensors.map((x) => (x.rank === 0 ? x : tf.sum(x)))))));
}

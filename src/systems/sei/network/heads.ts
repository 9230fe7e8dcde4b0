/** Projections to the common space of images and texts. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../../engine';
import { type BatchNormParams, type BatchStatistics, type LinearParams, linearLayer, type RunningStatistics, type Spec } from '../../../nn';
import { batchNormLayer, batchNormSpec, linearSpec, plainBatchNormSpec } from '../../../nn/internal';

/** Linear, batch norm, ReLU, linear, batch norm without scale: by the places of the paper's modules. */
export type ProjectionParams = { head: [LinearParams, BatchNormParams, undefined, LinearParams, RunningStatistics] };

export const projectionSpec = (inputs: number, outputs: number): Spec<ProjectionParams> => ({
  head: [linearSpec(inputs, inputs), batchNormSpec(inputs), undefined, linearSpec(inputs, outputs), plainBatchNormSpec(outputs)],
});

const EPS = 1e-5;

/**
 * @param x          [..., inputs]; the norms are over all but the last axis
 * @param statistics in training mode
 * @returns          [..., outputs]; the caller disposes it
 */
export function projection<T extends tf.Tensor>(
  { head: [first, norm, , second, last] }: ProjectionParams,
  x: T,
  statistics?: BatchStatistics,
): T {
  const channels = x.shape.at(-1)!;
  const options = { eps: EPS, ...(statistics && { statistics }) };
  return scope(() => {
    const rows = tf.reshape(x, [1, 1, -1, channels]) as tf.Tensor4D;
    const inner = tf.relu(batchNormLayer(norm, linearLayer(first, rows), options));
    const out = batchNormLayer(last, linearLayer(second, inner), options);
    return tf.reshape(out, [...x.shape.slice(0, -1), out.shape[3]]) as unknown as T;
  });
}

/** Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167), as PyTorch's BatchNorm2d has it. */

import * as tf from '@tensorflow/tfjs-core';
import { scope, type Tree } from '../engine';
import type { NormParams } from './layers';
import type { Spec } from './parameters';

/** Scale and shift, and the statistics that stand in for those of a batch where the network is used: [C] each. */
export type BatchNormParams = NormParams & RunningStatistics;

/** The same, of a norm that may have no scale and shift (PyTorch's `affine=False`). */
type AnyBatchNormParams = Partial<NormParams> & RunningStatistics;

/** Running means of the batches' means and unbiased variances; they don't train. */
export type RunningStatistics = { running_mean: tf.Tensor1D; running_var: tf.Tensor1D };

/** What the batch norms of a pass in training mode see: made by `withBatchStatistics`, handed on to the layers. */
export interface BatchStatistics {
  /** How much of a running statistic comes from this batch. */
  readonly momentum: number;
  /** By the layer's parameters. */
  readonly after: Map<AnyBatchNormParams, RunningStatistics>;
}

export interface BatchNormOptions {
  /** Added to the variance. */
  readonly eps: number;
  /** Training mode: the batch's own mean and variance are used, and the running ones go on. */
  readonly statistics?: BatchStatistics;
}

/** A batch norm over `channels`, which at the start changes nothing. */
export function batchNormSpec(channels: number): Spec<BatchNormParams> {
  const [zero, one] = [0, 1].map((value) => ({ shape: [channels], init: { kind: 'constant', value } as const }));
  return { weight: one!, bias: zero!, running_mean: zero!, running_var: one! };
}

/** One without scale and shift. */
export const plainBatchNormSpec = (channels: number): Spec<RunningStatistics> => {
  const { running_mean, running_var } = batchNormSpec(channels);
  return { running_mean, running_var };
};

/**
 * @param x [B, H, W, C]
 * @returns the same shape; the caller disposes it
 * @throws RangeError in training mode where there is one value for each channel, which has no variance
 */
export function batchNormLayer(params: AnyBatchNormParams, x: tf.Tensor4D, { eps, statistics }: BatchNormOptions): tf.Tensor4D {
  const { weight, bias } = params;
  if (!statistics)
    return scope(() => {
      const scale = tf.div(weight ?? 1, tf.sqrt(tf.add(params.running_var, eps)));
      return tf.add(tf.mul(x, scale), tf.sub(bias ?? 0, tf.mul(params.running_mean, scale)));
    });
  const count = x.size / x.shape[3];
  if (count < 2)
    throw new RangeError(`batchNorm: expected more than one value for each channel in training mode, got shape [${x.shape.join(', ')}]`);
  return scope(() => {
    const mean = tf.mean(x, [0, 1, 2]) as tf.Tensor1D;
    const centred = tf.sub(x, mean);
    const variance = tf.mean(tf.square(centred), [0, 1, 2]) as tf.Tensor1D;
    const { momentum, after } = statistics;
    const moved = (running: tf.Tensor1D, batch: tf.Tensor1D): tf.Tensor1D =>
      tf.keep(tf.add(tf.mul(running, 1 - momentum), tf.mul(batch, momentum)));
    after.set(params, {
      running_mean: moved(params.running_mean, mean),
      running_var: moved(params.running_var, tf.mul(variance, count / (count - 1))),
    });
    const normal = tf.mul(centred, tf.div(weight ?? 1, tf.sqrt(tf.add(variance, eps)))) as tf.Tensor4D;
    return bias ? tf.add(normal, bias) : normal;
  });
}

/**
 * Runs a network in training mode.
 *
 * @param params   whose layers the network uses, the objects themselves
 * @param momentum how much of the running statistics comes from this batch, 0.1 in PyTorch
 * @param forward  hands its argument on to the network
 * @returns        the network's result, and the parameters with the running statistics of after it; the other tensors are the given ones
 */
export function withBatchStatistics<P extends Tree, R>(
  params: P,
  momentum: number,
  forward: (statistics: BatchStatistics) => R,
): { readonly out: R; readonly params: P } {
  const after: BatchStatistics['after'] = new Map();
  const out = forward({ momentum, after });
  const moved = new Map([...after].map(([layer, kept]) => [layer as object, owned(kept)]));
  return { out, params: replaced(params, moved) as P };
}

/** Statistics that belong to the scope around, in place of those that were kept from the end of the layer's. */
function owned({ running_mean, running_var }: RunningStatistics): RunningStatistics {
  const result = { running_mean: tf.clone(running_mean), running_var: tf.clone(running_var) };
  tf.dispose([running_mean, running_var]);
  return result;
}

function replaced(node: unknown, moved: ReadonlyMap<object, RunningStatistics>): unknown {
  if (typeof node !== 'object' || node === null || node instanceof tf.Tensor) return node;
  const statistics = moved.get(node);
  if (statistics) return { ...node, ...statistics };
  if (Array.isArray(node)) return node.map((child) => replaced(child, moved));
  return Object.fromEntries(Object.entries(node).map(([name, child]) => [name, replaced(child, moved)]));
}

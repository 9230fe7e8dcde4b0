/** Training networks with batch norms: running statistics are not gathered on the way, but measured at the end on the weights that are kept. */

import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, flatten, scope, type Tree } from '../engine';
import { mapTrees, merge, partition } from '../engine/internal';
import type { BatchStatistics } from '../nn';
import { withBatchStatistics } from '../nn/internal';
import type { StepLog } from './step-log';
import { type TrainOptions, type TrainResult, train } from './train';

export interface TrainNormalisedOptions<P extends Tree, B extends Tree>
  extends Pick<TrainOptions<Tree, B>, 'optimisation' | 'signal' | 'onStart' | 'checkpoints'> {
  /** As they start; disposed as soon as the training holds them. */
  readonly params: P;
  /** Which parameters stay as they are, by their paths, their batch norms' statistics too; none by default. */
  readonly isFixed?: (path: string) => boolean;
  /** Batch `index`, from the index alone. */
  readonly batch: (index: number) => Promise<B>;
  /** @param statistics to be handed on to the network */
  readonly loss: (params: P, batch: B, statistics: BatchStatistics) => tf.Scalar | LossWithParts;
  readonly onStep?: (log: StepLog) => void | Promise<void>;
}

/** A loss, and parts of it for the log. */
export interface LossWithParts {
  readonly loss: tf.Scalar;
  readonly aux: Readonly<Record<string, tf.Scalar>>;
}

/** Batches whose statistics are averaged. */
const MEASURED = 16;
const isRunning = (path: string): boolean => /\.running_(mean|var)$/.test(path);

const isMeasured = (path: string, { isFixed }: Pick<TrainNormalisedOptions<Tree, Tree>, 'isFixed'>): boolean =>
  isRunning(path) && !isFixed?.(path);

/**
 * Trains in training mode, then measures the batch norms' statistics as means over batches ("precise" ones, Wu and Johnson 2021, arXiv:2105.07576, section 3.2).
 *
 * @returns the caller disposes the parameters
 * @throws the signal's reason where it ended the training; with checkpoints the same call goes on
 */
export async function trainNormalised<P extends Tree, B extends Tree>(
  options: TrainNormalisedOptions<P, B>,
): Promise<Pick<TrainResult<P>, 'params' | 'log' | 'seconds'>> {
  const { params, batch, loss, optimisation, signal, onStart, onStep, checkpoints, isFixed = () => false } = options;
  const [trained, running] = partition(params, (path) => !isRunning(path) && !isFixed(path));
  const result = await train<Tree, B, Tree>({
    params: trained,
    frozen: running,
    handOver: true,
    batch,
    optimisation,
    loss: (weights, inputs, fixed) =>
      scope(() => {
        const all = merge<P>(weights, fixed);
        return withBatchStatistics(all, 1, (statistics) => loss(all, inputs, statistics)).out;
      }),
    ...(signal && { signal }),
    ...(onStart && { onStart }),
    ...(onStep && { onStep }),
    ...(checkpoints && { checkpoints }),
  });
  try {
    if (result.interrupted) {
      signal?.throwIfAborted();
      throw new Error('the training was interrupted; run it again');
    }
    if (!Object.keys(flatten(result.frozen)).some((path) => isMeasured(path, options)))
      return { ...result, params: merge<P>(result.params, result.frozen) };
    const measured = await measure(merge<P>(result.params, result.frozen), options);
    const [before, fixed] = partition(result.frozen, (path) => isMeasured(path, options));
    dispose(before);
    return { params: merge<P>(merge(result.params, fixed), measured), log: result.log, seconds: result.seconds };
  } catch (error) {
    dispose(result.params, result.frozen);
    throw error;
  }
}

/** The running statistics of these weights: means over batches that the training did not see in this order. */
async function measure<P extends Tree, B extends Tree>(params: P, options: TrainNormalisedOptions<P, B>): Promise<Tree> {
  const { batch, loss, optimisation } = options;
  const network = compileNetwork((weights: P, inputs: B) =>
    scope(() => {
      const { params: after } = withBatchStatistics(weights, 1, (statistics) => loss(weights, inputs, statistics));
      return partition(after, (path) => isMeasured(path, options))[0];
    }),
  );
  let sum: Tree | undefined;
  try {
    for (let i = 0; i < MEASURED; i++) {
      const inputs = await batch(optimisation.steps + i);
      const [now, before] = [network(params, inputs), sum];
      sum = before ? scope(() => mapTrees(([a, b]) => tf.add(a, b), before, now)) : now;
      dispose(inputs, ...(before ? [before, now] : []));
    }
    const total = sum!;
    return scope(() => mapTrees(([a]) => tf.div(a, MEASURED), total));
  } finally {
    dispose(sum);
    network.dispose();
  }
}

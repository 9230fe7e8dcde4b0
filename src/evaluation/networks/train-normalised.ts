/** Training networks with batch norms: running statistics are not gathered on the way, but measured at the end on the weights that are kept. */

import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, scope, type Tree } from '../../engine';
import { mapTrees, merge, partition } from '../../engine/internal';
import type { BatchStatistics } from '../../nn';
import { withBatchStatistics } from '../../nn/internal';
import { type Optimisation, type StepLog, train } from '../../training';

export interface TrainNormalisedOptions<P extends Tree, B extends Tree> {
  /** As they start; disposed as soon as the training holds them. */
  readonly params: P;
  /** Batch `index`, from the index alone. */
  readonly batch: (index: number) => Promise<B>;
  /** @param statistics to be handed on to the network */
  readonly loss: (params: P, batch: B, statistics: BatchStatistics) => tf.Scalar;
  readonly optimisation: Optimisation;
  readonly signal?: AbortSignal;
  readonly onStep?: (log: StepLog) => void;
}

/** Images of a step, of both networks of texts: twice ConVIRT's 32, since images are small. */
export const BATCH_SIZE = 64;
/** How often an image is seen at most: a few images are soon known by heart. */
const EPOCHS = 40;

/** Steps of a training: `most`, or fewer where there are few images. */
export const stepsFor = (images: number, most: number): number => Math.min(most, Math.ceil((EPOCHS * images) / BATCH_SIZE));

/** AdamW with a cosine, for as many steps as images are worth. */
export const optimisationFor = (
  images: number,
  { steps, peak, warmup }: Readonly<Record<'steps' | 'peak' | 'warmup', number>>,
): Optimisation => ({
  steps: stepsFor(images, steps),
  batch_size: BATCH_SIZE,
  learning_rate: { peak, schedule: 'cosine', warmup, floor: 0.02 },
  betas: [0.9, 0.99],
  epsilon: 1e-8,
  weight_decay: 0.01,
  clip_norm: 1,
  precision: 'float32',
});

/** Batches whose statistics are averaged. */
const MEASURED = 16;
const isRunning = (path: string): boolean => /\.running_(mean|var)$/.test(path);

/**
 * Trains in training mode, then measures the batch norms' statistics as means over batches ("precise" ones, Wu and Johnson 2021, arXiv:2105.07576, section 3.2).
 *
 * @returns the caller disposes it
 * @throws the signal's reason where it ended the training
 */
export async function trainNormalised<P extends Tree, B extends Tree>(options: TrainNormalisedOptions<P, B>): Promise<P> {
  const { params, batch, loss, optimisation, signal, onStep } = options;
  const [trained, running] = partition(params, (path) => !isRunning(path));
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
    ...(onStep && { onStep }),
  });
  try {
    if (result.interrupted) {
      signal?.throwIfAborted();
      throw new Error('evaluation: a training was interrupted, so nothing of it was kept; run it again');
    }
    const measured = await measure(merge<P>(result.params, result.frozen), options);
    dispose(result.frozen);
    return merge<P>(result.params, measured);
  } catch (error) {
    dispose(result.params, result.frozen);
    throw error;
  }
}

/** The running statistics of these weights: means over batches that the training did not see in this order. */
async function measure<P extends Tree, B extends Tree>(
  params: P,
  { batch, loss, optimisation }: TrainNormalisedOptions<P, B>,
): Promise<Tree> {
  const network = compileNetwork((weights: P, inputs: B) =>
    scope(() => {
      const { params: after } = withBatchStatistics(weights, 1, (statistics) => loss(weights, inputs, statistics));
      return partition(after, isRunning)[0];
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

/** Training a DenseNet or ResNet to answer questions of images, as RoentGen trains its classifiers (section 7): validation AUROC ends it early. */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, interruptSignal, type Key, scope, split, type Tree } from '../engine';
import { merge, partition } from '../engine/internal';
import type { Rows } from '../files';
import { withBatchStatistics } from '../nn/internal';
import { type ConvNet, type ConvNetParams, convNet, initConvNet } from '../vision';
import { dataOrder } from './data-order';
import { type Head, headProbabilities, headsAuroc, headsLoss, headsWidth } from './heads';
import { type HeadsNetwork, headsReader, scaled } from './heads-reader';
import type { Optimisation } from './optimiser/optimisation';
import type { StepLog } from './step-log';
import { train } from './train';

export interface TrainHeadsOptions {
  /** One channel in, and as many classes as the heads have logits. */
  readonly net: ConvNet;
  readonly heads: readonly Head[];
  /** Grey images, size × size a row, 0 to 1. */
  readonly pixels: Rows;
  readonly size: number;
  /** [rows, heads], row-major: an answer's number, or -1 where it is not known. */
  readonly answers: Int8Array;
  /** Rows to train on. */
  readonly training: ArrayLike<number>;
  /** Rows, of other patients, by whose AUROC training ends early. */
  readonly validation: ArrayLike<number>;
  readonly optimisation: Optimisation;
  /** Steps between validations. */
  readonly every: number;
  /** Validations without a better AUROC that end it; 15 in the paper. */
  readonly patience: number;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onStep?: (log: StepLog) => void;
}

/** What came of a training; its weights are those of the best validation. */
export interface TrainedHeads extends HeadsNetwork {
  /** Step and AUROC of each validation. */
  readonly validations: readonly { readonly step: number; readonly auroc: number }[];
  /** Whether a signal ended it: the early stop is none. */
  readonly interrupted: boolean;
}

/** How much of the running statistics comes from one batch: PyTorch's default. */
const MOMENTUM = 0.1;

/** Batch norms' running statistics, which no gradient moves. */
const isRunning = (path: string): boolean => path.endsWith('.running_mean') || path.endsWith('.running_var');

type Batch = { images: tf.Tensor4D; answers: tf.Tensor2D };

/**
 * Trains from random weights with the batches' own statistics; running ones are kept for use. AdamW as `optimisation` says.
 *
 * @throws RangeError where sizes do not fit, or the validation rows have two classes of nothing
 */
export async function trainHeads(options: TrainHeadsOptions): Promise<TrainedHeads> {
  const { net, heads, pixels, size, answers, training, validation, optimisation, every, patience } = options;
  check(options);
  const [initial, ordering] = split(options.key) as [Key, Key];
  const order = dataOrder(ordering, training.length, optimisation.batch_size);
  const rowsAnswers = (rows: ArrayLike<number>): Int32Array =>
    Int32Array.from({ length: rows.length * heads.length }, (_, i) => {
      const row = rows[Math.floor(i / heads.length)]!;
      return answers[row * heads.length + (i % heads.length)]!;
    });
  const batch = async (step: number): Promise<Batch> => {
    const rows = Int32Array.from(order(step), (i) => training[i]!);
    const values = await pixels.read(rows);
    return {
      images: tf.tensor4d(values, [rows.length, size, size, 1]),
      answers: tf.tensor2d(rowsAnswers(rows), [rows.length, heads.length], 'int32'),
    };
  };

  const validationAnswers = rowsAnswers(validation);
  const reader = headsReader({ net, heads }, size);
  const validations: { step: number; auroc: number }[] = [];
  const stop = new AbortController();
  const asked = options.signal ?? interruptSignal();
  let best: { params: ConvNetParams; auroc: number; at: number } | undefined;
  const validate = async (params: ConvNetParams, step: number): Promise<void> => {
    const area = headsAuroc(heads, headProbabilities(heads, (await reader.read(params, pixels, validation)).logits), validationAnswers);
    validations.push({ step, auroc: area });
    if (Number.isNaN(area)) dispose(params);
    else if (!best || area > best.auroc) {
      dispose(best?.params);
      best = { params, auroc: area, at: validations.length };
    } else {
      dispose(params);
      if (validations.length - best.at >= patience) stop.abort();
    }
    if (!best)
      throw new RangeError(`trainHeads: none of ${heads.map(({ name }) => name).join(', ')} has two classes among validation images`);
  };

  const whole = initConvNet(net, initial);
  const [statistics, weights] = partition(whole, isRunning) as [Tree, Tree];
  try {
    const result = await train<Tree, Batch, Tree>({
      params: weights,
      frozen: statistics,
      handOver: true,
      shared: false, // running statistics follow batch from batch
      batch,
      optimisation,
      loss: (trained, { images, answers: known }, running) =>
        scope(() => {
          const all = merge<ConvNetParams>(trained, running);
          const { out, params } = withBatchStatistics(all as Tree, MOMENTUM, (during) =>
            convNet(net, all, scaled(images), { statistics: during }),
          );
          return { loss: headsLoss(heads, out.logits, known), aux: {}, moved: partition(params, isRunning)[0] };
        }),
      signal: asked ? AbortSignal.any([asked, stop.signal]) : stop.signal,
      async onStep(log, live) {
        options.onStep?.(log);
        if (log.step % every !== 0 && log.step !== log.steps) return;
        const now = live.averaged();
        await validate(merge<ConvNetParams>(now.params, now.frozen), log.step);
      },
    });
    if (best) dispose(result.params, result.frozen);
    const interrupted = asked?.aborted === true;
    return { net, heads, params: best?.params ?? merge<ConvNetParams>(result.params, result.frozen), validations, interrupted };
  } catch (error) {
    dispose(best?.params);
    throw error;
  } finally {
    dispose(whole);
    reader.dispose();
  }
}

function check({ net, heads, pixels, size, answers, training, validation }: TrainHeadsOptions): void {
  const width = headsWidth(heads);
  const { num_classes = 1000, in_channels = 3 } = net.config;
  if (num_classes !== width || in_channels !== 1)
    throw new RangeError(
      `trainHeads: net: expected one channel in and ${width} classes, one for each logit of the heads, got ${in_channels} and ${num_classes}`,
    );
  if (pixels.width !== size * size) throw new RangeError(`trainHeads: pixels: expected rows of ${size * size} values, got ${pixels.width}`);
  if (answers.length !== pixels.length * heads.length)
    throw new RangeError(`trainHeads: answers: expected ${pixels.length} × ${heads.length} of them, got ${answers.length}`);
  if (training.length < 2 || validation.length < 2)
    throw new RangeError(
      `trainHeads: expected two images or more to train on and to validate on, got ${training.length} and ${validation.length}`,
    );
}

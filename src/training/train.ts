/** The training loop: one compiled step (gradient, clipping, AdamW, EMA), repeated over batches; it logs, stops at a signal and resumes. */

import * as tf from '@tensorflow/tfjs-core';
import {
  cloneTree,
  compileStep,
  dispose,
  interruptSignal,
  type Loss,
  memoryUse,
  type Step,
  scope,
  type Tree,
  valueAndGrad,
} from '../engine';
import { type AdamWOptions, type AdamWSchedule, adamW, adamWSchedule, initMoments, type Moments } from './adamw';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint';
import { clipByGlobalNorm } from './clip';
import { emaDecay, emaUpdate } from './ema';
import { type LearningRate, learningRateAt } from './learning-rate';
import type { StepLog } from './step-log';

/** How parameters are updated. */
export interface Optimisation extends AdamWOptions {
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: LearningRate;
  /** Largest global norm of the gradient. */
  readonly clipNorm: number;
  /** Decay of the moving average of the parameters; without it there is none. */
  readonly emaDecay?: number;
}

export interface TrainOptions<P extends Tree, B extends Tree> {
  /** Where it starts; borrowed. */
  readonly params: P;
  /** Pure, from tensors to a scalar; compiled once. */
  readonly loss: (params: P, batch: B) => Loss<Readonly<Record<string, tf.Scalar>>>;
  /** The batch of step `step`, counted from 0: from the step alone, for resuming. The loop disposes it. */
  readonly batch: (step: number) => B;
  readonly optimisation: Optimisation;
  /** Ends the run after the current step; by default an interrupt of the notebook's cell does. */
  readonly signal?: AbortSignal;
  /** Called after every step; what it returns is awaited. */
  readonly onStep?: (log: StepLog, live: LiveParameters<P>) => void | Promise<void>;
  /**
   * A folder that a checkpoint is written to, at the end or at an interruption. A run of the same identity that was interrupted goes on from it;
   * one that had ended, or another run's, is replaced.
   */
  readonly checkpoint?: string;
  /** What tells this run from others that use the same folder: seed, data, settings. */
  readonly identity?: string;
}

/** Parameters while they train. */
export interface LiveParameters<P extends Tree> {
  /** A copy of the moving average, or of the parameters where there is none; the caller disposes it. */
  averaged(): P;
}

export interface TrainResult<P extends Tree> {
  /** The moving average, or the parameters where there is none; the caller disposes it. */
  readonly params: P;
  readonly log: readonly StepLog[];
  /** Whether a signal ended it before the last step. */
  readonly interrupted: boolean;
  /** Of training alone, without what `onStep` took. */
  readonly seconds: number;
  readonly peakRssMiB: number;
}

/** All that a run carries from step to step. */
type TrainState<P extends Tree> = { readonly params: P; readonly moments: Moments<P>; readonly ema?: P };

type Outputs = { readonly loss: tf.Scalar; readonly gradientNorm: tf.Scalar; readonly aux?: Readonly<Record<string, tf.Scalar>> };

type Scalars = AdamWSchedule & { readonly emaDecay: tf.Scalar };

function compileTrainingStep<P extends Tree, B extends Tree>(
  state: TrainState<P>,
  loss: TrainOptions<P, B>['loss'],
  optimisation: Optimisation,
): Step<TrainState<P>, [B, Scalars], Outputs> {
  const differentiate = valueAndGrad(loss);
  return compileStep(state, (current: TrainState<P>, batch: B, scalars: Scalars) => {
    const { value, grads: raw, aux = {} } = differentiate(current.params, batch);
    const { grads, norm } = clipByGlobalNorm(raw, optimisation.clipNorm);
    const { params, moments } = adamW(current.params, grads, current.moments, scalars, optimisation);
    const next: TrainState<P> = { params, moments, ...(current.ema ? { ema: emaUpdate(current.ema, params, scalars.emaDecay) } : {}) };
    return { state: next, out: { loss: value, gradientNorm: norm, aux } };
  });
}

const numberOf = (x: tf.Scalar): number => x.dataSync()[0]!;

/**
 * Trains parameters. Batches, learning rates and random numbers follow from the step alone, so a run that was stopped and resumed from its
 * checkpoint ends with the same bytes as one that was not.
 *
 * @throws Error where loss or gradient are not finite, naming the step; nothing of that step is kept
 */
export async function train<P extends Tree, B extends Tree>(options: TrainOptions<P, B>): Promise<TrainResult<P>> {
  const { optimisation, batch, onStep } = options;
  const signal = options.signal ?? interruptSignal();
  const started = performance.now();
  let watching = 0; // pictures made on the way are not training
  const first: TrainState<P> = scope(() => ({
    params: cloneTree(options.params),
    moments: initMoments(options.params),
    ...(optimisation.emaDecay === undefined ? {} : { ema: cloneTree(options.params) }),
  }));
  let resumed: Checkpoint<TrainState<P>> | undefined;
  let step: Step<TrainState<P>, [B, Scalars], Outputs>;
  try {
    resumed = options.checkpoint ? await readCheckpoint(options.checkpoint, first, options.identity) : undefined;
    if (resumed && resumed.step >= optimisation.steps) {
      dispose(resumed.state);
      resumed = undefined;
    }
    step = compileTrainingStep(resumed?.state ?? first, options.loss, optimisation);
  } finally {
    dispose(first, resumed?.state);
  }
  const log: StepLog[] = [...(resumed?.log ?? [])];
  const live: LiveParameters<P> = {
    averaged() {
      const { params, moments, ema } = step.read();
      dispose(moments, ema && params);
      return ema ?? params;
    },
  };
  let t = resumed?.step ?? 0;
  try {
    for (; t < optimisation.steps && !signal?.aborted; t++) {
      const learningRate = learningRateAt(optimisation.learningRate, t, optimisation.steps);
      const inputs = batch(t);
      const scalars: Scalars = {
        ...adamWSchedule(t + 1, learningRate, optimisation.betas),
        emaDecay: tf.scalar(emaDecay(t + 1, optimisation.emaDecay ?? 0)),
      };
      const out = step.run(inputs, scalars);
      const entry: StepLog = {
        step: t + 1,
        steps: optimisation.steps,
        loss: numberOf(out.loss),
        learningRate,
        gradientNorm: numberOf(out.gradientNorm),
        aux: Object.fromEntries(Object.entries(out.aux ?? {}).map(([name, value]) => [name, numberOf(value)])),
      };
      dispose(inputs, { ...scalars }, out);
      if (!Number.isFinite(entry.loss) || !Number.isFinite(entry.gradientNorm))
        throw new Error(
          `train: step ${t + 1}: loss ${entry.loss}, gradient norm ${entry.gradientNorm}; no checkpoint was written. ` +
            'Look for values that are not finite in the data, or lower the learning rate.',
        );
      log.push(entry);
      const paused = performance.now();
      await onStep?.(entry, live);
      watching += performance.now() - paused;
      await new Promise((next) => setImmediate(next)); // lets interrupts, displays and timers through
    }
    if (options.checkpoint) {
      const state = step.read();
      await writeCheckpoint(options.checkpoint, { state, step: t, log, identity: options.identity ?? '' }).finally(() => dispose(state));
    }
    const result = {
      params: live.averaged(),
      log,
      interrupted: t < optimisation.steps,
      seconds: (performance.now() - started - watching) / 1000,
      peakRssMiB: memoryUse().peakRssMiB,
    };
    return result;
  } finally {
    step.dispose();
  }
}

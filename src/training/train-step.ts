/** One step of training as one compiled function: gradient, checks, clipping, AdamW, moving average. */

import * as tf from '@tensorflow/tfjs-core';
import {
  compileStep,
  flatten,
  type Loss,
  mapTree,
  meanOverWorkers,
  type Step,
  type StepResult,
  scope,
  type Tree,
  valueAndGrad,
} from '../engine';
import { mapTrees, precision, sumOfSquares, withPrecision } from '../engine/internal';
import { adamWSchedule, initMoments } from './optimiser/adamw';
import { scaleGradients, squaredNorms } from './optimiser/clip';
import { emaDecay } from './optimiser/ema';
import { allFinite } from './optimiser/finite';
import { learningRatesAt } from './optimiser/learning-rate';
import type { Optimisation } from './optimiser/optimisation';
import { type Optimised, type UpdateScalars, updateParameters } from './optimiser/update';

/** All that a run carries from step to step. */
export type TrainState<P extends Tree> = Optimised<P> & {
  /** Gradients of the step's batches so far, where several make one. */
  readonly gradient?: P;
};

/** What changes from batch to batch beside it, as scalars. */
export type StepScalars = UpdateScalars & {
  /** 1 where this batch is its step's last and the parameters are to change, else 0. */
  readonly last: tf.Scalar;
  /** Of a step that processes share: 1 where this one wants to stop, else 0. */
  readonly stop?: tf.Scalar;
};

/** What a batch tells; the caller disposes it. */
export type StepOutputs = {
  readonly loss: tf.Scalar;
  /** Of the step's gradient so far, before clipping. */
  readonly gradientNorm: tf.Scalar;
  /** Whether everything was finite, 1 or 0: where not, nothing has changed. */
  readonly finite: tf.Scalar;
  /** Σ g² of each parameter's gradient, in the tree's order. */
  readonly gradientSquares: tf.Tensor1D;
  /** Σ θ² of each parameter after the step. */
  readonly parameterSquares: tf.Tensor1D;
  readonly aux?: Readonly<Record<string, tf.Scalar>>;
  /** Above 0 where a process wants to stop. */
  readonly stop?: tf.Scalar;
};

export type TrainLoss<P extends Tree, B extends Tree, F extends Tree> = (params: P, batch: B, frozen: F) => tf.Scalar | TrainLossResult<F>;

/** A loss and what else follows from a batch. */
export interface TrainLossResult<F extends Tree> {
  readonly loss: tf.Scalar;
  /** For the log. */
  readonly aux: Readonly<Record<string, tf.Scalar>>;
  /** What no gradient moves as it is after the batch, such as batch norms' running statistics; it stays as it is where this is left out. */
  readonly moved?: F;
}

/** What is handed through the gradient untouched. */
type Beside<F extends Tree> = { readonly told: Readonly<Record<string, tf.Scalar>>; readonly moved?: F };

function withBeside<P extends Tree, B extends Tree, F extends Tree>(
  loss: TrainLoss<P, B, F>,
): (params: P, batch: B, frozen: F) => Loss<Beside<F>> {
  return (params, batch, frozen) => {
    const result = loss(params, batch, frozen);
    if (result instanceof tf.Tensor) return result;
    return { loss: result.loss, aux: { told: result.aux, ...(result.moved ? { moved: result.moved } : {}) } };
  };
}

/** What a step holds: the state that changes, and parameters that no gradient moves. */
export type StepState<P extends Tree, F extends Tree> = { readonly train: TrainState<P>; readonly frozen: F };

/** A compiled step. */
export type TrainStep<P extends Tree, B extends Tree, F extends Tree> = Step<StepState<P, F>, [B, StepScalars], StepOutputs>;

/** The state before the first step. It shares the parameters' memory; the caller disposes it. */
export function initTrainState<P extends Tree>(params: P, { ema_decay: decay, accumulation = 1 }: Optimisation): TrainState<P> {
  return scope(() => ({
    params: mapTree((leaf) => tf.clone(leaf), params),
    moments: initMoments(params),
    ...(decay === undefined ? {} : { ema: mapTree((leaf) => tf.clone(leaf), params) }),
    ...(accumulation === 1 ? {} : { gradient: mapTree((leaf) => tf.zerosLike(leaf), params) }),
  }));
}

/** The scalars of step `t`, counted from 1, with `stop` where processes share it. The caller disposes them. */
export function stepScalars(t: number, optimisation: Optimisation, last: boolean, stop?: boolean): StepScalars {
  return {
    ...(stop !== undefined && { stop: tf.scalar(stop ? 1 : 0) }),
    ...adamWSchedule(t, learningRatesAt(optimisation.learning_rate, t - 1, optimisation.steps), optimisation),
    emaDecay: tf.scalar(emaDecay(t, optimisation.ema_decay ?? 0)),
    last: tf.scalar(last ? 1 : 0),
  };
}

/**
 * What a step computes: the next state, and what it tells.
 *
 * @param workers processes that compute this together, each with a batch of its own: gradients, loss and all that follows are the means of theirs
 */
export function trainStep<P extends Tree, B extends Tree, F extends Tree>(
  loss: TrainLoss<P, B, F>,
  optimisation: Optimisation,
  workers: number = 1,
): (state: StepState<P, F>, batch: B, scalars: StepScalars) => StepResult<StepState<P, F>, StepOutputs> {
  const differentiate = valueAndGrad(withBeside(loss));
  const fraction = workers / (optimisation.accumulation ?? 1);
  return ({ train: current, frozen: fixed }, batch, scalars) => {
    const own = withPrecision(optimisation.precision ?? precision(), () => differentiate(current.params, batch, fixed));
    if (workers > 1 && own.aux?.moved)
      throw new RangeError(
        `train: what moves without a gradient, such as running statistics, follows batch from batch: processes can't share it`,
      );
    const data = Object.fromEntries(floats(batch).map((leaf, i) => [i, sumOfSquares(leaf)]));
    const {
      value,
      grads: batchGrads,
      data: squaresOfData = {},
      aux: { told: aux = {}, moved } = {},
      stop,
    } = workers === 1 ? { ...own, data, stop: undefined } : shared({ ...own, data, stop: scalars.stop! });
    const grads = current.gradient ? mapTrees(([g, sum]) => tf.add(sum, tf.mul(g, fraction)), batchGrads, current.gradient) : batchGrads;
    const gradientSquares = squaredNorms(grads);
    const norm = tf.sqrt(tf.sum(gradientSquares)) as tf.Scalar;
    const finite = allFinite([value, norm, ...Object.values(squaresOfData)]);
    const active = tf.logicalAnd(finite, tf.notEqual(scalars.last, 0));

    const { squares: parameterSquares, ...optimised } = updateParameters(
      current,
      { grads, squares: gradientSquares, norm, active },
      scalars,
      optimisation,
    );
    const carried = tf.where(finite, tf.sub(1, scalars.last), tf.scalar(0)) as tf.Scalar;
    const next: TrainState<P> = { ...optimised, ...(current.gradient ? { gradient: scaleGradients(grads, carried) } : {}) };
    const out: StepOutputs = {
      loss: value,
      gradientNorm: norm,
      finite: tf.cast(finite, 'float32') as tf.Scalar,
      gradientSquares,
      parameterSquares,
      aux,
      ...(stop && { stop }),
    };
    const kept = moved ? mapTrees(([after, before]) => tf.where(finite, after, before), moved, fixed) : fixed;
    return { state: { train: next, frozen: kept }, out };
  };
}

/** Leaves that may hold what is not finite. */
const floats = (batch: Tree): tf.Tensor[] => Object.values(flatten(batch)).filter((x) => x.dtype === 'float32');

/** The means of what all processes have computed. */
function shared<T extends object>(own: T): T {
  return meanOverWorkers(own as unknown as Tree) as unknown as T;
}

/**
 * Compiles a training step.
 *
 * @param loss    pure, from tensors to a scalar; `frozen` takes part in it, and changes only by what the loss gives as `moved`
 * @param workers as for `trainStep`
 */
export function compileTrainStep<P extends Tree, B extends Tree, F extends Tree>(
  state: TrainState<P>,
  frozen: F,
  loss: TrainLoss<P, B, F>,
  optimisation: Optimisation,
  workers: number = 1,
): TrainStep<P, B, F> {
  return compileStep({ train: state, frozen }, trainStep<P, B, F>(loss, optimisation, workers));
}

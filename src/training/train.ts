/** The training loop: a compiled step repeated over batches. It logs, stops at a signal, keeps checkpoints and resumes from them. */

import { cloneTree, dispose, flatten, interruptSignal, lastMeeting, type Tree } from '../engine';
import { agree, cluster, collectGarbage, DeviceError, meet, memoryUse, nextTurn } from '../engine/internal';
import { checkSettings, lockFolder } from '../files/internal';
import { clearCheckpoints, contentHash, lastCheckpoint, readCheckpoint, writeCheckpoint } from './checkpoint-store';
import { firstBadTensor, firstNotFinite, NotFiniteError } from './optimiser/finite';
import { learningRatesAt } from './optimiser/learning-rate';
import { type Optimisation, optimisationShape } from './optimiser/optimisation';
import type { StepLog } from './step-log';
import {
  compileTrainStep,
  initTrainState,
  type StepOutputs,
  stepScalars,
  type TrainLoss,
  type TrainState,
  type TrainStep,
} from './train-step';

/** Where a run keeps its checkpoints. A folder belongs to one process at a time. */
export interface CheckpointOptions {
  readonly folder: string;
  /** What tells this run from others that use the same folder: seed, data, settings. */
  readonly identity: string;
  /** Steps between checkpoints; there is always one at the end and at an interruption. */
  readonly every?: number;
  /** How many of them are kept; 2 where left out. */
  readonly keep?: number;
  /**
   * What is done with the folder's newest checkpoint: `always` goes on from it, and refuses that of another run; `unfinished` goes on only from the
   * same run's where that was interrupted, and otherwise begins anew.
   */
  readonly resume: 'always' | 'unfinished';
}

/** How a training is watched, kept and stopped. */
export interface Watched {
  /** Ends it after the current step. */
  readonly signal?: AbortSignal;
  /** Called once before the first step with the steps of earlier sittings. */
  readonly onStart?: (log: readonly StepLog[]) => void | Promise<void>;
  readonly onStep?: (log: StepLog) => void | Promise<void>;
  readonly checkpoints?: CheckpointOptions;
}

export interface TrainOptions<P extends Tree, B extends Tree, F extends Tree = Record<string, never>> {
  /** What trains, as it starts; borrowed, unless `handOver` is set. */
  readonly params: P;
  /** Parameters that take part in the loss, but stay as they are (or go on as its `moved`, which no checkpoint holds); borrowed, unless `handOver` is set. */
  readonly frozen?: F;
  /** The loop disposes `params` and `frozen` as soon as the compiled step holds them, so that a large model is not in memory twice. */
  readonly handOver?: boolean;
  /** Pure, from tensors to a scalar; compiled once. */
  readonly loss: TrainLoss<P, B, F>;
  /** Batch `index`, counted from 0: from the index alone, for resuming. Step t takes batches t · accumulation and on. The loop disposes it. */
  readonly batch: (index: number) => B | Promise<B>;
  readonly optimisation: Optimisation;
  /**
   * Whether the processes of the cluster (`joinCluster`), where this one is in one, share the batches of each step, `accumulation` of them, so that the numbers
   * do not follow from how many they are. The leader alone logs, calls `onStart` and `onStep`, and writes checkpoints; all read them. Default true.
   */
  readonly shared?: boolean;
  /** Ends the run after the current step; by default an interrupt of the notebook's cell does. */
  readonly signal?: AbortSignal;
  /** Called once before the first step with the steps of earlier sittings. */
  readonly onStart?: (log: readonly StepLog[]) => void | Promise<void>;
  /** Called after every step; what it returns is awaited. */
  readonly onStep?: (log: StepLog, live: LiveParameters<P, F>) => void | Promise<void>;
  readonly checkpoints?: CheckpointOptions;
}

/** Parameters while they train. */
export interface LiveParameters<P extends Tree, F extends Tree = Record<string, never>> {
  /** A copy of the moving average, or of the parameters where there is none, and of what is frozen; the caller disposes both. */
  averaged(): { readonly params: P; readonly frozen: F };
}

export interface TrainResult<P extends Tree, F extends Tree = Record<string, never>> {
  /** The moving average, or the parameters where there is none; the caller disposes it. */
  readonly params: P;
  /** What did not train; the caller disposes it. */
  readonly frozen: F;
  readonly log: readonly StepLog[];
  /** Whether a signal ended it before the last step. */
  readonly interrupted: boolean;
  /** Of training alone, without what `onStep` took. */
  readonly seconds: number;
  readonly peakRssMiB: number;
}

/** What the process may still need: of a run that is resumed, the state that was kept; else the first one. */
async function beginning<P extends Tree, B extends Tree, F extends Tree>(
  options: TrainOptions<P, B, F>,
): Promise<{ state: TrainState<P>; step: number; log: readonly StepLog[] }> {
  const { optimisation, checkpoints, params, frozen } = options;
  const bad = firstBadTensor({ params, ...(frozen ? { frozen } : {}) });
  if (bad) throw new NotFiniteError(1, bad.path, `holds ${bad.value} before training`);
  const first = initTrainState(params, optimisation);
  if (!checkpoints) return { state: first, step: 0, log: [] };
  if (!isLeader(options)) meet(); // the leader has decided what of the folder counts
  try {
    const { folder, identity, resume } = checkpoints;
    const last = await lastCheckpoint(folder);
    const same = last?.identity === identity;
    if (last && !same && resume === 'always')
      throw new RangeError(
        `train: ${last.path} belongs to another run (other seed, data, recipe or starting model); give the same ones, or another folder`,
      );
    if (last && same && (resume === 'always' || last.step < optimisation.steps)) {
      if (last.damaged.length > 0) console.warn(`train: going on from step ${last.step} (${last.path}): ${last.damaged.join('; ')}`);
      const found = (await readCheckpoint(folder, first))!;
      dispose(first);
      return found;
    }
    if (isLeader(options)) await clearCheckpoints(folder); // of another run, or of one that had ended
    return { state: first, step: 0, log: [] };
  } catch (error) {
    dispose(first);
    throw error;
  } finally {
    if (isLeader(options) && workersOf(options) > 1) meet();
  }
}

/** The error that says where a step's first value is that is not finite. */
function whatIsNotFinite(step: number, out: StepOutputs, batch: Tree, params: Tree): NotFiniteError | undefined {
  const paths = Object.keys(flatten(params));
  if (out.finite.dataSync()[0] === 0) {
    const data = firstBadTensor(batch);
    if (data) return new NotFiniteError(step, `batch.${data.path}`.replace(/\.$/, ''), `holds ${data.value} (value ${data.index})`);
    const weights = firstBadTensor(params);
    if (weights) return new NotFiniteError(step, weights.path, `holds ${weights.value} (value ${weights.index})`);
    const gradient = firstNotFinite(out.gradientSquares.dataSync());
    const [loss] = out.loss.dataSync();
    if (gradient >= 0) return new NotFiniteError(step, `gradient of ${paths[gradient]}`, `is not finite (loss ${loss})`);
    return new NotFiniteError(step, 'loss', `is ${loss}`);
  }
  const after = firstNotFinite(out.parameterSquares.dataSync());
  return after < 0 ? undefined : new NotFiniteError(step, paths[after]!, 'overflows in the update');
}

/**
 * Trains parameters. Batches, learning rates and random numbers follow from the step alone, so a run that was stopped and resumed from its
 * checkpoint ends with the same bytes as one that was not.
 *
 * @throws NotFiniteError naming the step and the first tensor where data, gradient or weights are not finite; nothing of that step is kept
 * @throws DeviceError where a GPU has no memory for a step; what was trained before is saved first, but where several batches make a step
 * @throws FileError where a checkpoint can't be written or another process writes to the same folder; RangeError where it is another run's, or where a step's
 *   batches can't be shared evenly among the processes of the cluster
 */
export async function train<P extends Tree, B extends Tree, F extends Tree = Record<string, never>>(
  options: TrainOptions<P, B, F>,
): Promise<TrainResult<P, F>> {
  checkSettings('train: optimisation', options.optimisation, optimisationShape);
  const { accumulation = 1 } = options.optimisation;
  const workers = workersOf(options);
  if (accumulation % workers !== 0)
    throw new RangeError(
      `train: a step has ${accumulation === 1 ? 'one batch' : `${accumulation} batches`} (accumulation), which ${workers} processes can't share evenly; ` +
        `give a multiple of ${workers}, with smaller batches for the same sum`,
    );
  const unlock = options.checkpoints && isLeader(options) ? await lockFolder(options.checkpoints.folder) : undefined;
  try {
    return await trainLocked(isLeader(options) ? options : quiet(options));
  } finally {
    await unlock?.();
  }
}

type Sharing = Pick<TrainOptions<Tree, Tree, Tree>, 'shared'>;

const workersOf = ({ shared = true }: Sharing): number => (shared ? (cluster()?.addresses.length ?? 1) : 1);
const rankOf = ({ shared = true }: Sharing): number => (shared ? (cluster()?.rank ?? 0) : 0);
const isLeader = (options: Sharing): boolean => rankOf(options) === 0;

/** What is the leader's alone left out. */
function quiet<P extends Tree, B extends Tree, F extends Tree>(options: TrainOptions<P, B, F>): TrainOptions<P, B, F> {
  const { onStart: _, onStep: __, ...others } = options;
  return others;
}

/** @throws Error where processes do not begin with the same step and weights */
function expectSameBeginning(state: Tree, step: number): void {
  const hash = contentHash();
  hash.add(state);
  if (!agree([step, ...Buffer.from(hash.text(), 'hex').subarray(0, 8)]))
    throw new Error(
      'train: the processes do not begin with the same step and weights: give all the same recipe, data, seed and folder, which all must see',
    );
}

async function trainLocked<P extends Tree, B extends Tree, F extends Tree>(options: TrainOptions<P, B, F>): Promise<TrainResult<P, F>> {
  const { optimisation, onStep, checkpoints } = options;
  const signal = options.signal ?? interruptSignal();
  const started = performance.now();
  let watching = 0; // pictures made on the way are not training
  const { state, step: done, log: earlier } = await beginning(options);
  const workers = workersOf(options);
  let step: TrainStep<P, B, F>;
  try {
    if (workers > 1) expectSameBeginning({ state, ...(options.frozen && { frozen: options.frozen }) } as unknown as Tree, done);
    step = compileTrainStep(state, (options.frozen ?? {}) as F, options.loss, optimisation, workers);
  } finally {
    dispose(state);
  }
  if (options.handOver) {
    dispose(options.params, options.frozen);
    collectGarbage();
  }
  const log: StepLog[] = [...earlier];
  const live: LiveParameters<P, F> = { averaged: () => averaged(step) };
  const save = async (t: number): Promise<void> => {
    if (!isLeader(options)) return;
    const { train: now, frozen } = step.read();
    dispose(frozen);
    await writeCheckpoint(
      checkpoints!.folder,
      { state: now, step: t, log, identity: checkpoints!.identity },
      { keep: checkpoints!.keep ?? 2, every: checkpoints!.every },
    ).finally(() => dispose(now));
  };
  let t = done;
  let stopped = false;
  let saved = done > 0 ? done : -1;
  try {
    await options.onStart?.(log);
    for (; t < optimisation.steps && !(workers > 1 ? stopped : signal?.aborted); t++) {
      const { entry, stop } = await oneStep(step, t, options, signal).catch(async (error: unknown) => {
        const whole = (optimisation.accumulation ?? 1) === 1; // else the state may hold a part of a step's gradient
        if (checkpoints && whole && t > saved && t > 0 && error instanceof DeviceError && error.outOfMemory) await save(t);
        throw error;
      });
      stopped = stop;
      log.push(entry);
      const paused = performance.now();
      await onStep?.(entry, live);
      watching += performance.now() - paused;
      if (checkpoints?.every && (t + 1) % checkpoints.every === 0) {
        await save(t + 1);
        saved = t + 1;
      }
      await nextTurn();
    }
    if (checkpoints && saved !== t) await save(t);
    if (workers > 1) await lastMeeting(); // a process that ends may have the others ended: the leader's checkpoint comes first
    return {
      ...live.averaged(),
      log,
      interrupted: t < optimisation.steps,
      seconds: (performance.now() - started - watching) / 1000,
      peakRssMiB: memoryUse().peakRssMiB,
    };
  } finally {
    step.dispose();
  }
}

/** A copy of the moving average, or of the parameters; tensors of the engine are shared until they change. */
function averaged<P extends Tree, B extends Tree, F extends Tree>(step: TrainStep<P, B, F>): { params: P; frozen: F } {
  const state = step.read();
  const result = cloneTree({ params: state.train.ema ?? state.train.params, frozen: state.frozen });
  dispose(state);
  return result;
}

/** One update from `accumulation` batches; `t` counts from 0. */
async function oneStep<P extends Tree, B extends Tree, F extends Tree>(
  step: TrainStep<P, B, F>,
  t: number,
  options: TrainOptions<P, B, F>,
  signal: AbortSignal | undefined,
): Promise<{ readonly entry: StepLog; readonly stop: boolean }> {
  const { optimisation, batch } = options;
  const { accumulation = 1, learning_rate, steps } = optimisation;
  const workers = workersOf(options);
  let stop = false;
  const sums: Record<string, number> = {};
  let gradientNorm = 0;
  for (let part = rankOf(options); part < accumulation; part += workers) {
    const inputs = await batch(t * accumulation + part);
    const isLast = part + workers >= accumulation;
    const scalars = stepScalars(t + 1, optimisation, isLast, workers > 1 ? signal?.aborted === true : undefined);
    let out: StepOutputs | undefined;
    try {
      out = step.run(inputs, scalars);
      const finite = out.finite.dataSync()[0] === 1 && firstNotFinite(out.parameterSquares.dataSync()) < 0;
      if (!finite) {
        const { train: now, frozen } = step.read();
        try {
          throw whatIsNotFinite(t + 1, out, inputs, now.params);
        } finally {
          dispose(now, frozen);
        }
      }
      for (const [name, value] of Object.entries({ ...out.aux, loss: out.loss }))
        sums[name] = (sums[name] ?? 0) + (value.dataSync()[0]! * workers) / accumulation;
      if (isLast && out.stop) stop = out.stop.dataSync()[0]! > 0; // all hear it in the same step
      gradientNorm = out.gradientNorm.dataSync()[0]!;
    } finally {
      dispose(inputs, scalars, ...(out ? [out] : []));
    }
  }
  const { loss, ...aux } = sums;
  const { '': rate, ...rates } = learningRatesAt(learning_rate, t, steps);
  const groups = Object.keys(rates).length > 0 ? { learningRates: rates } : {};
  return { entry: { step: t + 1, steps, loss: loss!, learningRate: rate!, ...groups, gradientNorm, aux }, stop };
}

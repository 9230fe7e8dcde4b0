/** Training the diffusion model on cached latents by one of the strategies (RoentGen, arXiv:2211.12737, section 4). */

import * as tf from '@tensorflow/tfjs-core';
import type { TextEncoderConfig } from '../encoders';
import {
  cloneTree,
  countParameters,
  dispose,
  flatten,
  foldIn,
  type Key,
  type Loss,
  scope,
  split,
  type Tree,
  unflatten,
  uniformArray,
} from '../engine';
import { merge, partition } from '../engine/internal';
import { consolidationPenalty } from '../probes';
import { noiseTables, type SchedulerConfig } from '../schedulers';
import type { UNetConfig } from '../unet';
import { completeUNetConfig } from '../unet/internal';
import { type ContextSet, gatherContexts } from './contexts';
import { type DataOrder, dataOrder } from './data-order';
import { type LatentSet, sampleLatents } from './latents';
import { tensorsOf } from './leaf-values';
import {
  type DiffusionBatch,
  type DiffusionObjective,
  type DiffusionParams,
  diffusionBatch,
  diffusionLoss,
  stratifiedTimesteps,
} from './losses/diffusion-loss';
import { expectGroups } from './optimiser/learning-rate';
import type { Optimisation } from './optimiser/optimisation';
import { checkDropouts, droppedOriginals, gatherOriginals, type OriginalImages } from './original-images';
import type { StepLog } from './step-log';
import type { Extension, Strategy, TrainingSet } from './strategies';
import { type CheckpointOptions, type TrainResult, train } from './train';

/** Token ids of n texts, row after row. */
export interface TokenSet {
  readonly ids: Int32Array;
  /** Tokens a text, special ones and padding included. */
  readonly maxLength: number;
  /** How many of the texts are longer. */
  readonly cut: number;
  /** The empty text's ids, which stand in for dropped ones. */
  readonly empty: Int32Array;
  /** 1 for the text, 0 for padding, where text encoder or U-Net mask padding; of the texts and of the empty one. */
  readonly mask?: Int32Array;
  readonly emptyMask?: Int32Array;
}

export interface TrainDiffusionOptions {
  readonly unet: UNetConfig;
  readonly textEncoder: TextEncoderConfig;
  /** Where it starts; handed over (`TrainOptions`). Where it throws, they may be there still. */
  readonly params: DiffusionParams;
  /** What trains: what a strategy says of the model. */
  readonly strategy: Pick<Strategy, 'trains'> & Partial<Extension>;
  /** Where a part of every batch is drawn from another class (Ruiz et al. 2023, arXiv:2208.12242, eq. 2) or an old domain. */
  readonly prior?: TrainingSet['prior'];
  /** What trained weights pay for being moved. */
  readonly consolidation?: TrainingSet['consolidation'];
  /** Where the target of that part is what these weights predict. */
  readonly teacher?: TrainingSet['teacher'];
  /** Its prediction type and betas. */
  readonly scheduler: SchedulerConfig;
  readonly latents: LatentSet;
  /** What latents are multiplied by: the autoencoder's `scaling_factor`. */
  readonly scalingFactor: number;
  /** The texts: tokens where the encoder trains, contexts where it does not. */
  readonly texts: TokenSet | ContextSet;
  /** Share of texts replaced by the empty one, for classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598, algorithm 1). */
  readonly textDropout: number;
  /** For a U-Net that takes an image's latents beside the noisy ones: the images, and how many are dropped, for guidance by both. */
  readonly originals?: OriginalImages;
  readonly objective?: DiffusionObjective;
  /** Compute inner results of the U-Net's blocks again on the way back: less memory, more time. */
  readonly checkpointing?: boolean;
  readonly optimisation: Optimisation;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onStart?: (log: readonly StepLog[]) => void | Promise<void>;
  /** `averaged()` makes the parameters of the whole model as they are now; the caller disposes them. */
  readonly onStep?: (log: StepLog, averaged: () => DiffusionParams) => void | Promise<void>;
  readonly checkpoints?: CheckpointOptions;
}

const isTokens = (texts: TokenSet | ContextSet): texts is TokenSet => 'ids' in texts;

/** How many of a batch come from the records after `from`. */
function priorOf(batchSize: number, { share }: NonNullable<TrainingSet['prior']>): number {
  if (share !== undefined) {
    if (batchSize < 2) throw new RangeError(`trainDiffusion: batch_size: expected 2 at least for parts of two domains, got ${batchSize}`);
    return Math.min(batchSize - 1, Math.max(1, Math.round(batchSize * share)));
  }
  if (batchSize % 2 !== 0)
    throw new RangeError(`trainDiffusion: batch_size: expected an even number for halves of two classes, got ${batchSize}`);
  return batchSize / 2;
}

/** Batches of which the last `second` come from the records after `from`, the others from those before it. */
function pairedOrder(key: Key, length: number, batchSize: number, second: number, from: number): DataOrder {
  const [firstKey, secondKey] = split(key) as [Key, Key];
  const before = dataOrder(firstKey, from, batchSize - second);
  const after = dataOrder(secondKey, length - from, second);
  return (step) => Int32Array.from([...before(step), ...after(step).map((record) => from + record)]);
}

/** @throws RangeError where the originals are not what the U-Net takes beside the noisy latents, or not as many as these */
function checkOriginals({ unet, latents, originals, textDropout }: TrainDiffusionOptions): void {
  const channels = latents.shape[2];
  const taken = completeUNetConfig(unet).in_channels;
  if (taken !== channels * (originals ? 2 : 1))
    throw new RangeError(
      `trainDiffusion: the U-Net takes ${taken} channels; expected ${channels}, or ${2 * channels} with originals, which are${originals ? '' : ' not'} there`,
    );
  if (!originals) return;
  checkDropouts('trainDiffusion', textDropout, originals);
  const { means } = originals;
  if (means && means.length !== latents.length)
    throw new RangeError(`trainDiffusion: ${latents.length} latents, but ${means.length} originals`);
}

/** The tree that trains: leaves of the model by their paths in it, as groups of learning rates name them, and those that the strategy adds. */
type Trained = { readonly [part: string]: Tree | undefined; readonly added: Tree };

const modelOf = ({ added: _, ...model }: Trained): Tree => model;

/** What stays: the model's other leaves, where trained ones were with what each matters, and the old model. */
type Fixed = { readonly rest?: Tree; readonly anchor?: Tree; readonly importance?: Tree; readonly teacher?: Tree };

/** A tree without leaves is none at all for a compiled step, which then gives undefined in its place. */
const fixedOf = (frozen: Fixed | undefined): Fixed & { readonly rest: Tree } => ({ rest: {}, ...frozen });

/**
 * Trains what the strategy names to predict what the scheduler's prediction type says, by (weighted) mean squared error.
 *
 * @returns the whole model's parameters, those that trained as their moving average, and how many values did; the caller disposes them
 * @throws RangeError where latents, texts and originals are not equally many, the U-Net takes other channels, or the strategy trains nothing
 */
export async function trainDiffusion(options: TrainDiffusionOptions): Promise<TrainResult<DiffusionParams> & { trained: number }> {
  const { latents, texts, optimisation, strategy, objective = {}, checkpointing = false } = options;
  if (Boolean(options.params.textEncoder) !== isTokens(texts))
    throw new RangeError('trainDiffusion: texts: expected tokens with a text encoder among params, and contexts without one');
  const n = isTokens(texts) ? texts.ids.length / texts.maxLength : texts.length;
  if (n !== latents.length) throw new RangeError(`trainDiffusion: ${latents.length} latents, but ${n} texts`);
  const { originals } = options;
  checkOriginals(options);
  const tables = noiseTables(options.scheduler);
  const B = optimisation.batch_size;
  const [ordering, drawing] = split(options.key) as [Key, Key];
  const { prior, consolidation, teacher } = options;
  if (teacher && !prior) throw new RangeError('trainDiffusion: teacher: expected `prior`, which says of which images it is the target');
  const old = prior ? priorOf(B, prior) : 0;
  const order = prior ? pairedOrder(ordering, latents.length, B, old, prior.from) : dataOrder(ordering, latents.length, B);

  const batch = async (index: number): Promise<DiffusionBatch> => {
    const indices = order(index);
    const [times, noise, drops, samples] = split(foldIn(drawing, index), 4) as [Key, Key, Key, Key];
    const draws = uniformArray(drops, B);
    const dropped = Array.from(draws, (u) => u < options.textDropout);
    const x0 = (await sampleLatents(latents, indices, samples)).map((value) => value * options.scalingFactor);
    const batchTexts = isTokens(texts) ? gatherTokens(texts, indices, dropped) : await gatherContexts(texts, indices, dropped);
    const timesteps = stratifiedTimesteps(times, B, tables.numTrainTimesteps);
    // The mean over the batch is then the mean over the first class plus the weighted mean over the second one.
    const weights = prior
      ? { weights: Array.from(indices, (record) => (record < prior.from ? B / (B - old) : (prior.weight * B) / old)) }
      : {};
    const extra =
      originals && (await gatherOriginals(originals, latents.shape, indices, droppedOriginals(draws, options.textDropout, originals)));
    return diffusionBatch(tables, objective, { x0, shape: [B, ...latents.shape], timesteps, texts: batchTexts, noise, extra, ...weights });
  };

  const [trainable, rest] = partition(options.params, strategy.trains);
  const added = strategy.add?.(options.params, foldIn(options.key, 1)) ?? {};
  const params: Trained = { ...(trainable as Record<string, Tree>), added };
  const trained = countParameters(params);
  expectGroups(optimisation.learning_rate, Object.keys(flatten({ ...options.params, added })));
  if (trained === 0) throw new RangeError('trainDiffusion: strategy: it trains nothing');
  const kept: Fixed = {
    rest,
    ...(consolidation && { anchor: tensorsOf(consolidation.anchor), importance: tensorsOf(consolidation.importance) }),
    // Where the encoder stays as it is, its contexts are the old model's too.
    ...(teacher && { teacher: unflatten(tensorsOf(teacher, (path) => isTokens(texts) || !path.startsWith('textEncoder.'))) }),
  };
  const wholeModel = (trained: Trained, rest: Tree): DiffusionParams => {
    const model = merge<DiffusionParams>(rest, modelOf(trained));
    return strategy.apply ? strategy.apply(model, trained.added) : model;
  };
  const { predictionType } = tables;
  const configs = { unet: options.unet, textEncoder: options.textEncoder, predictionType, checkpointing };
  /** The model with what was learnt, in tensors of its own. */
  const finished = (last: { readonly params: Trained; readonly frozen: Fixed }): DiffusionParams => {
    const model = scope(() => cloneTree(wholeModel(last.params, fixedOf(last.frozen).rest)));
    dispose(last.params, last.frozen);
    return model;
  };
  const loss = (trained: Trained, inputs: DiffusionBatch, frozen: Fixed): Loss<Record<string, tf.Scalar>> =>
    scope(() => {
      const { rest: fixed, anchor, importance, teacher: before } = fixedOf(frozen);
      const taught = before ? { teacher: { params: before as DiffusionParams, from: B - old } } : {};
      const predicted = diffusionLoss({ ...configs, ...taught }, wholeModel(trained, fixed), inputs);
      if (!consolidation || !anchor || !importance) return predicted;
      const penalty = consolidationPenalty(flatten(modelOf(trained)) as Tree, anchor, importance, consolidation.lambda);
      return { loss: tf.add(predicted, penalty) as tf.Scalar, aux: { consolidation: penalty } };
    });
  const { signal, onStart, onStep, checkpoints } = options;
  try {
    const {
      params: last,
      frozen: fixed,
      ...result
    } = await train<Trained, DiffusionBatch, Fixed>({
      params,
      frozen: kept,
      handOver: true,
      batch,
      optimisation,
      loss,
      signal,
      onStart,
      onStep: onStep && ((log, live) => onStep(log, () => finished(live.averaged()))),
      checkpoints,
    });
    return { ...result, params: finished({ params: last, frozen: fixed }), frozen: {}, trained };
  } finally {
    dispose(added);
  }
}

/** Ids of chosen texts, and their mask where there is one, [B, L]. */
function gatherTokens(
  { ids, mask, maxLength: L, empty, emptyMask }: TokenSet,
  chosen: Int32Array,
  dropped: readonly boolean[],
): { ids: tf.Tensor2D; mask?: tf.Tensor2D } {
  const gather = (all: Int32Array, none: Int32Array): tf.Tensor2D => {
    const rows = new Int32Array(chosen.length * L);
    chosen.forEach((record, b) => {
      rows.set(dropped[b] ? none : all.subarray(record * L, (record + 1) * L), b * L);
    });
    return tf.tensor2d(rows, [chosen.length, L], 'int32');
  };
  return { ids: gather(ids, empty), mask: mask && emptyMask ? gather(mask, emptyMask) : undefined };
}

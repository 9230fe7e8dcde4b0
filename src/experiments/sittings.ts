/** One training in several sittings: which checkpoint belongs to a training, and to the weights that an unfinished one left in a model. */

import { flatten, type Tree } from '../engine';
import type { Model } from '../pipelines';
import type { CheckpointOptions, TrainingSet } from '../training';
import { contentHash, lastCheckpoint } from '../training/internal';

/** A folder for checkpoints, where the newest of the same training, if it was not finished, is gone on from; or more exactly where, how often and which. */
export type CheckpointPlace = string | Omit<CheckpointOptions, 'identity'>;

/** A training as it is asked for. */
export interface Asked {
  readonly part: 'autoencoder' | 'diffusion model';
  readonly checkpoint?: CheckpointPlace;
  /** All that it depends on but data and weights: key, recipe. */
  readonly settings: unknown;
  readonly data: TrainingSet;
}

/** A training that begins or goes on. */
export interface Sitting {
  readonly part: Asked['part'];
  /** On what it trains. */
  readonly data: TrainingSet;
  /** Where it keeps checkpoints, if anywhere, and a hash of what was asked for. */
  readonly kept?: { readonly checkpoints: CheckpointOptions; readonly request: string };
}

/** What an unfinished training left in a model: its weights, by the tensors themselves, and how it goes on. */
interface Left {
  readonly weights: readonly object[];
  readonly sitting: Sitting;
}

const left = new WeakMap<Model, Map<Asked['part'], Left>>();

/** Weights are the same where their tensors are: those do not change, and every training puts others in their place. */
const tensorsOf = (weights: Tree): object[] => Object.values(flatten(weights));

function hashOf(...parts: readonly (string | Tree)[]): string {
  const hash = contentHash();
  for (const part of parts) hash.add(part);
  return hash.text();
}

/**
 * Begins a training, or takes it up. A checkpoint is named by all that the training depends on: settings, data, and the weights that it began with. A model that
 * an unfinished training has moved away from those goes on with its checkpoint as long as it holds the weights that were left in it; what was prepared for the
 * first sitting is not prepared again.
 *
 * @param prepare changes the model where that is to be, and says on what it trains
 * @param start   the weights that the training depends on, as they are in the model
 */
export async function sit(
  model: Model,
  { part, checkpoint, settings, data: given }: Asked,
  prepare: () => TrainingSet | Promise<TrainingSet>,
  start: () => Tree,
): Promise<Sitting> {
  if (checkpoint === undefined) return { part, data: await prepare() };
  const options = typeof checkpoint === 'string' ? { folder: checkpoint, resume: 'unfinished' as const } : checkpoint;
  const request = hashOf(
    JSON.stringify([part, settings, given.texts]),
    given.pixels.identity,
    ...(given.originals ? [given.originals.identity] : []),
  );
  const before = left.get(model)?.get(part);
  if (before?.sitting.kept?.request === request && (await isAt(options.folder, before, start()))) {
    const { identity } = before.sitting.kept.checkpoints;
    return { part, data: before.sitting.data, kept: { checkpoints: { ...options, identity }, request } };
  }
  const data = await prepare();
  const prepared = data === given ? [] : [JSON.stringify(data.texts), data.pixels.identity];
  return { part, data, kept: { checkpoints: { ...options, identity: hashOf(request, ...prepared, start()) }, request } };
}

/** Whether the folder's checkpoint is the one that these weights come from. */
async function isAt(folder: string, { weights, sitting }: Left, now: Tree): Promise<boolean> {
  const tensors = tensorsOf(now);
  if (tensors.length !== weights.length || tensors.some((tensor, i) => tensor !== weights[i])) return false;
  return (await lastCheckpoint(folder))?.identity === sitting.kept?.checkpoints.identity;
}

/** Remembers how the weights that are in the model now go on, or forgets it where the training is finished. */
export function remember(model: Model, sitting: Sitting, weights: Tree, finished = false): void {
  const parts = left.get(model) ?? new Map<Asked['part'], Left>();
  left.set(model, parts);
  if (finished || !sitting.kept) parts.delete(sitting.part);
  else parts.set(sitting.part, { weights: tensorsOf(weights), sitting });
}

/** For a person: where a training stopped, what was kept, and how it goes on. */
export function sayStopped({ kept }: Sitting, step: number, steps: number): string {
  const where = `Stopped at step ${step} of ${steps}`;
  return kept
    ? `${where}, saved in ${kept.checkpoints.folder}. Run the training's cell again to go on.`
    : `${where}. What it learnt is in the model; running the training's cell again begins at step 1.`;
}

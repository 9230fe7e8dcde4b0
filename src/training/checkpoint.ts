/** What a run needs to go on where it stopped: one safetensors file, so that it is there whole or not at all. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { flatten, type Tree, unflatten } from '../engine';
import { FileError, openSafetensors, writeSafetensors } from '../files';
import type { StepLog } from './step-log';

const FILE = 'checkpoint.safetensors';

export interface Checkpoint<S extends Tree> {
  /** Parameters, moments and moving average, in the engine's layout. */
  readonly state: S;
  /** Steps done. */
  readonly step: number;
  readonly log: readonly StepLog[];
  /** What tells one run from another: seed, data, settings. */
  readonly identity?: string;
}

/** Writes `folder/checkpoint.safetensors`, atomically; on an error the one before it stays. */
export async function writeCheckpoint<S extends Tree>(folder: string, { state, step, log, identity = '' }: Checkpoint<S>): Promise<void> {
  const tensors: Record<string, { shape: number[]; data: Float32Array }> = {};
  for (const [path, leaf] of Object.entries(flatten(state)))
    tensors[path] = { shape: leaf.shape, data: (await leaf.data()) as Float32Array };
  await writeSafetensors(join(folder, FILE), tensors, { step: String(step), log: JSON.stringify(log), identity });
}

/**
 * Reads the checkpoint of a run, or undefined where the folder has none or that of a run with another identity. The caller disposes the state.
 *
 * @param like a state of the same form
 * @throws FileError where the tensors are not those of `like`: another model, another optimiser
 */
export async function readCheckpoint<S extends Tree>(folder: string, like: S, identity: string = ''): Promise<Checkpoint<S> | undefined> {
  const path = join(folder, FILE);
  if (!existsSync(path)) return undefined;
  const file = await openSafetensors(path);
  const flat: Record<string, tf.Tensor> = {};
  try {
    if ((file.metadata.identity ?? '') !== identity) return undefined;
    const expected = flatten(like);
    const differing = Object.keys(expected).filter(
      (key) => !file.keys.includes(key) || !tf.util.arraysEqual(file.info(key).shape, expected[key]!.shape),
    );
    if (differing.length > 0 || file.keys.length !== Object.keys(expected).length)
      throw new FileError(
        path,
        `is the checkpoint of another model or optimiser: it has ${file.keys.length} tensors, this run ${Object.keys(expected).length}` +
          `${differing.length > 0 ? `, first difference ${differing[0]}` : ''}; give another folder, or remove it to start again`,
      );
    for (const key of Object.keys(expected)) flat[key] = tf.tensor(await file.read(key), expected[key]!.shape);
    return {
      state: unflatten<S>(flat),
      step: Number(file.metadata.step),
      log: JSON.parse(file.metadata.log ?? '[]') as StepLog[],
    };
  } catch (error) {
    tf.dispose(flat);
    throw error;
  } finally {
    await file.close();
  }
}

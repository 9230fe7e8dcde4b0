/**
 * Checkpoints on disk, so that one that was once whole can always be gone on from. Each is a folder `step-<n>`: its files are written one by one
 * (temporary file, sync, rename, sync of the folder), `manifest.json` with their SHA-256 comes last, then `last` names it, and only then older ones go.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { flatten, type Tree, unflatten } from '../engine';
import { FileError, readObject, readText, writeJson } from '../files';
import { describeSystemError, hashFile, openSafetensors, writeFileAtomic, writeSafetensorsLazily } from '../files/internal';
import { firstNotFinite } from './optimiser/finite';
import type { StepLog } from './step-log';

/** What a run needs to go on where it stopped. Equal runs give equal bytes: no times, no paths. */
export interface Checkpoint<S extends Tree> {
  /** Parameters, moments and moving average, in the engine's layout. */
  readonly state: S;
  /** Steps done. */
  readonly step: number;
  readonly log: readonly StepLog[];
  /** What tells one run from another: seed, data, settings. */
  readonly identity: string;
}

export interface StoreOptions {
  /** Checkpoints of `every` steps that are kept, the newest ones. */
  readonly keep: number;
  /** Steps between checkpoints that stay; others, as of an interruption, go when the next one is whole. */
  readonly every?: number;
}

const STATE = 'state.safetensors';
const PROGRESS = 'progress.json';
const LOSSES = 'losses.jsonl';
const MANIFEST = 'manifest.json';
const FILES = [LOSSES, PROGRESS, STATE] as const;

type Manifest = {
  readonly step: number;
  readonly files: Partial<Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>>;
};

/** Size and SHA-256 of a file. */
async function factsOf(path: string): Promise<{ bytes: number; sha256: string }> {
  const sha256 = await hashFile(path);
  return { bytes: (await stat(path)).size, sha256 };
}

const nameOf = (step: number): string => `step-${String(step).padStart(8, '0')}`;

/** Steps of the folder's checkpoints that have a manifest, newest first. */
async function listed(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new FileError(folder, `cannot be read: ${describeSystemError(error)}`, error);
  });
  const steps: number[] = [];
  for (const name of names) {
    const match = /^step-(\d+)$/.exec(name);
    if (match && (await stat(join(folder, name, MANIFEST)).catch(() => undefined))) steps.push(Number(match[1]));
  }
  return steps.sort((a, b) => b - a);
}

/**
 * Writes a checkpoint; until it is whole the ones before it stay.
 *
 * @throws FileError naming path and bytes where the disk is full or may not be written; Error naming the first tensor that is not finite
 */
export async function writeCheckpoint<S extends Tree>(
  folder: string,
  { state, step, log, identity }: Checkpoint<S>,
  options: StoreOptions,
): Promise<void> {
  const path = join(folder, nameOf(step));
  await rm(join(path, MANIFEST), { force: true }).catch((error: unknown) => {
    throw new FileError(path, `cannot be written: ${describeSystemError(error)}`, error);
  });
  const tensors = Object.entries(flatten(state)).map(([path, leaf]) => {
    const data = async (): Promise<Float32Array> => {
      const values = (await leaf.data()) as Float32Array;
      const bad = firstNotFinite(values);
      if (bad >= 0) throw new Error(`writeCheckpoint: step ${step}: ${path}: value ${bad} is ${values[bad]}; no checkpoint was written`);
      return values;
    };
    return [path, { shape: leaf.shape, dtype: 'F32' as const, data }] as const;
  });
  await writeSafetensorsLazily(join(path, STATE), tensors, { format: 'roentgen', step: String(step) });
  await writeJson(join(path, PROGRESS), { step, identity });
  await writeFileAtomic(join(path, LOSSES), log.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const name of FILES) files[name] = await factsOf(join(path, name));
  await writeJson(join(path, MANIFEST), { step, files } satisfies Manifest);
  await writeFileAtomic(join(folder, 'last'), `${nameOf(step)}\n`);
  await prune(folder, step, options);
}

/** Removes what is older than needed; a manifest goes first, so that what is left of a checkpoint is not taken for one. */
async function prune(folder: string, newest: number, { keep, every }: StoreOptions): Promise<void> {
  const regular = (step: number): boolean => every !== undefined && step % every === 0;
  const older = (await listed(folder)).filter((step) => step !== newest);
  const regularSteps = older.filter((step) => step < newest && regular(step)).slice(0, Math.max(0, keep - 1));
  const remaining = new Set([newest, ...regularSteps].map(nameOf));
  await remove(folder, (name) => !remaining.has(name));
}

async function remove(folder: string, unwanted: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^step-\d+$/.test(name) || !unwanted(name)) continue;
    await rm(join(folder, name, MANIFEST), { force: true });
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Removes all checkpoints of a folder, for a run that begins anew in it. */
export async function clearCheckpoints(folder: string): Promise<void> {
  await rm(join(folder, 'last'), { force: true });
  await remove(folder, () => true);
}

/** A folder's newest whole checkpoint, and what is wrong with those that should have been gone on from instead. */
export interface WholeCheckpoint {
  readonly step: number;
  readonly path: string;
  /** One sentence for each newer one that is damaged. */
  readonly damaged: readonly string[];
}

/** Files are compared with their manifest's sizes and hashes; undefined where there is no checkpoint. */
async function newestWhole(folder: string): Promise<WholeCheckpoint | undefined> {
  const damaged: string[] = [];
  const steps = await listed(folder);
  const last = /^step-(\d+)\n$/.exec(await readFile(join(folder, 'last'), 'utf8').catch(() => ''))?.[1];
  if (last !== undefined && !steps.includes(Number(last)))
    damaged.push(`${join(folder, nameOf(Number(last)))} was whole once, but its ${MANIFEST} is gone`);
  for (const step of steps) {
    const path = join(folder, nameOf(step));
    const problem = await damage(path);
    if (problem === undefined) return { step, path, damaged };
    damaged.push(problem);
  }
  if (damaged.length > 0)
    throw new FileError(folder, `holds no whole checkpoint (${damaged.join('; ')}); remove the folder to start again`);
  return undefined;
}

async function damage(path: string): Promise<string | undefined> {
  try {
    const { files } = await readObject<Manifest>(join(path, MANIFEST));
    for (const name of FILES) {
      const listedAs = files?.[name];
      if (!listedAs) return `${join(path, MANIFEST)} does not list ${name}`;
      const { bytes, sha256 } = listedAs;
      const found = await factsOf(join(path, name));
      if (found.bytes !== bytes) return `${join(path, name)} has ${found.bytes} bytes, ${bytes} by its manifest`;
      if (found.sha256 !== sha256) return `${join(path, name)} has other bytes than its manifest says`;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What is known of a folder's newest whole checkpoint without its tensors. */
export async function lastCheckpoint(folder: string): Promise<(WholeCheckpoint & { readonly identity: string }) | undefined> {
  const found = await newestWhole(folder);
  return found && { ...found, identity: (await readObject<{ identity: string }>(join(found.path, PROGRESS))).identity };
}

/**
 * Reads the newest whole checkpoint, or undefined where the folder has none. The caller disposes the state.
 *
 * @param like a state of the same form
 * @throws FileError where the tensors are not those of `like` (another model, another optimiser), or every checkpoint is damaged
 */
export async function readCheckpoint<S extends Tree>(folder: string, like: S): Promise<Checkpoint<S> | undefined> {
  const found = await lastCheckpoint(folder);
  if (!found) return undefined;
  const file = await openSafetensors(join(found.path, STATE));
  const flat: Record<string, tf.Tensor> = {};
  try {
    const expected = flatten(like);
    const differing = Object.keys(expected).filter(
      (key) => !file.keys.includes(key) || !tf.util.arraysEqual(file.info(key).shape, expected[key]!.shape),
    );
    if (differing.length > 0 || file.keys.length !== Object.keys(expected).length)
      throw new FileError(
        found.path,
        `is the checkpoint of another model or optimiser: it has ${file.keys.length} tensors, this run ${Object.keys(expected).length}` +
          `${differing.length > 0 ? `, first difference ${differing[0]}` : ''}; give another folder, or remove it to start again`,
      );
    for (const key of Object.keys(expected)) flat[key] = tf.tensor(await file.read(key), expected[key]!.shape);
    const losses = await readText(join(found.path, LOSSES));
    const log = losses
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as StepLog);
    return { state: unflatten<S>(flat), step: found.step, log, identity: found.identity };
  } catch (error) {
    tf.dispose(flat);
    throw error;
  } finally {
    await file.close();
  }
}

/** A text that equal trees and values share. */
export function contentHash(): { add(part: string | Tree): void; text(): string } {
  const hash = createHash('sha256');
  const bytes = (x: Float32Array): Uint8Array => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
  return {
    add(part) {
      if (typeof part === 'string') hash.update(part);
      else for (const [path, leaf] of Object.entries(flatten(part))) hash.update(path).update(bytes(leaf.dataSync() as Float32Array));
    },
    text: () => hash.digest('hex'),
  };
}

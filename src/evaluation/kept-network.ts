/** Networks that evaluations are made with: trained once for what they follow from, and kept. */

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { hashOf } from './hash-of';

const CACHE = resolve(__dirname, '..', '..', '.cache', 'evaluation');

export interface NetworkToKeep<T> {
  /** A folder of `.cache/evaluation`. */
  readonly name: string;
  /** All that the weights follow from, a version of the training's definition among it: plain data. */
  readonly source: Readonly<Record<string, unknown>>;
  /** Trains it. */
  make(): Promise<T>;
  /** Writes it into an empty folder. */
  save(folder: string, network: T): Promise<void>;
  load(folder: string): Promise<T>;
}

export interface KeptNetwork<T> {
  readonly network: T;
  /** Of what it follows from. */
  readonly identity: string;
}

/** The network, out of the cache or trained and put there; a half-written folder is never seen. */
export async function keptNetwork<T>({ name, source, make, save, load }: NetworkToKeep<T>): Promise<KeptNetwork<T>> {
  const identity = hashOf([name, source]);
  const folder = join(CACHE, name, identity.slice(0, 16));
  if (existsSync(folder)) return { network: await load(folder), identity };
  const network = await make();
  const part = `${folder}.${randomUUID()}`;
  await mkdir(part, { recursive: true });
  await save(part, network).catch(async (error) => {
    await rm(part, { recursive: true, force: true });
    throw error;
  });
  await rename(part, folder).catch(() => rm(part, { recursive: true, force: true })); // another process was quicker
  return { network, identity };
}

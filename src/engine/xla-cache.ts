/** Compiled programs on disk, so that what was compiled once is loaded from then on. Nothing depends on it: what is missing or damaged is compiled again. */

import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hlo } from './xla-addons';

/** A program, and what a session needs to know of it. */
export interface KeptProgram {
  readonly form: Omit<Hlo, 'hlo'>;
  /** As the plugin wrote it. */
  readonly program: Uint8Array;
}

/** Files of more than this go, those first that were used longest ago. */
const MOST_BYTES = 4 * 2 ** 30;
const HASH_BYTES = 32;

/** From dist/engine; the environment's ROENTGEN_XLA_CACHE names another folder. */
const folder = (): string => process.env.ROENTGEN_XLA_CACHE ?? join(__dirname, '..', '..', '.cache', 'xla');

const fileOf = (key: string): string => join(folder(), `${key}.xla`);

const hashOf = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** A name for a program: a hash of the graph, and of all else that it follows from. */
export function programKey(definition: Uint8Array, rest: unknown): string {
  return hashOf(definition, JSON.stringify(rest)).toString('hex').slice(0, 40);
}

/** The program of that name, or undefined where none is kept whole. */
export function keptProgram(key: string): KeptProgram | undefined {
  const path = fileOf(key);
  try {
    const bytes = readFileSync(path);
    const content = bytes.subarray(HASH_BYTES);
    if (!hashOf(content).equals(bytes.subarray(0, HASH_BYTES))) throw new Error('damaged');
    const length = content.readUInt32LE(0);
    const now = new Date();
    utimesSync(path, now, now);
    return { form: readForm(content.subarray(4, 4 + length).toString()), program: content.subarray(4 + length) };
  } catch {
    rmSync(path, { force: true });
    return undefined;
  }
}

/** Keeps a program; where that is not possible, it will be compiled again. */
export function keepProgram(key: string, { form, program }: KeptProgram): void {
  const text = Buffer.from(
    JSON.stringify(form, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value)),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const temporary = `${fileOf(key)}.${randomUUID()}`;
  try {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(temporary, Buffer.concat([hashOf(length, text, program), length, text, program]));
    renameSync(temporary, fileOf(key));
    removeOldest();
  } catch {
    rmSync(temporary, { force: true });
  }
}

/** Forgets a program that was whole, but can't be loaded. */
export function dropProgram(key: string): void {
  rmSync(fileOf(key), { force: true });
}

function readForm(text: string): KeptProgram['form'] {
  const form = JSON.parse(text) as Record<'updates' | 'inputs' | 'divided', number[]> & { outputs: (number | string)[] };
  return { ...form, outputs: form.outputs.map((output) => (typeof output === 'string' ? Buffer.from(output, 'base64') : output)) };
}

function removeOldest(): void {
  const files = readdirSync(folder())
    .map((name) => join(folder(), name))
    .map((path) => ({ path, stat: statSync(path, { throwIfNoEntry: false }) }))
    .flatMap(({ path, stat }) => (stat ? { path, size: stat.size, used: stat.mtimeMs } : []))
    .sort((a, b) => b.used - a.used);
  let total = 0;
  for (const { path, size } of files) {
    total += size;
    if (total > MOST_BYTES) rmSync(path, { force: true });
  }
}

/** A run as a folder: the settings it had, one line per step, sample images, checkpoints, and a file that TensorBoard reads. */

import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { EngineInfo } from '../engine';
import { memoryUse } from '../engine/internal';
import { FileError, readObject, readText, writeJson } from '../files';
import { describeSystemError, disclaimer, libraryVersion, writeFileAtomic } from '../files/internal';
import type { StepLog } from '../training';
import { type EventFile, openEventFile } from './event-file';
import type { Recipe } from './recipe';

/** A line of `log.jsonl`. */
export interface RunLine extends StepLog {
  readonly imagesPerSecond: number;
  readonly peakRssMiB: number;
}

/** What `config.json` says of a run. */
export interface RunConfig {
  readonly recipe: unknown;
  readonly seed: number;
  readonly data: unknown;
  /** The model it started from; absent for random weights. */
  readonly model?: string;
  /** What was left out of the data, and what is cut: one sentence each, with counts. */
  readonly notes?: readonly string[];
  readonly [name: string]: unknown;
}

export interface RunFolder {
  readonly folder: string;
  /** Before the first step: drops lines of steps that are not in the checkpoint gone on from. */
  begin(log: readonly StepLog[]): Promise<void>;
  /** After each step. */
  step(log: StepLog, images: number): void;
  end(): void;
}

function gitCommit(): string | undefined {
  try {
    const options = { cwd: __dirname, encoding: 'utf8' as const, stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['rev-parse', 'HEAD'], options).trim();
  } catch {
    return undefined; // an installed package is no clone
  }
}

/** Writes `config.json`: everything that the run depends on. */
export async function writeRunConfig(folder: string, config: RunConfig, engine: EngineInfo): Promise<void> {
  const { backend, library, device, threads, fused, precision } = engine;
  const commit = gitCommit();
  const versions = { 'roentgen-lab': libraryVersion, node: process.version, commit };
  await writeJson(join(folder, 'config.json'), {
    ...config,
    engine: { backend, library, device, threads, fused, precision },
    versions,
    note: disclaimer,
  });
}

/** Parts of a recipe that trained bytes follow from; how often a run looks or saves is not among them. */
const SETTINGS = ['size', 'adapts', 'precision', 'tokenizer', 'vae', 'unet', 'text_encoder', 'scheduler', 'diffusion', 'data'] as const;

/**
 * Whether a folder's run had these settings, before anything is loaded for them.
 *
 * @throws RangeError naming what differs; FileError where `config.json` is damaged
 */
export async function checkSameRun(folder: string, { recipe, seed }: { readonly recipe: Recipe; readonly seed: number }): Promise<void> {
  const path = join(folder, 'config.json');
  if (!existsSync(path)) return;
  const had = await readObject<{ readonly recipe?: Partial<Recipe>; readonly seed?: number }>(path);
  const differs = [
    ...(had.seed === seed ? [] : [`seed (${had.seed}, now ${seed})`]),
    ...SETTINGS.filter((part) => !isDeepStrictEqual(had.recipe?.[part] ?? null, JSON.parse(JSON.stringify(recipe[part] ?? null)))).map(
      (part) => `the recipe's ${part}`,
    ),
  ];
  if (differs.length > 0)
    throw new RangeError(`${folder} belongs to another run: it differs in ${differs.join(', ')}; give the same, or another folder`);
}

/** The lines of a run's log; empty where it has none yet. */
export async function readRunLog(folder: string): Promise<RunLine[]> {
  const path = join(folder, 'log.jsonl');
  if (!existsSync(path)) return [];
  const lines = (await readText(path)).split('\n');
  lines.pop(); // what follows the last line feed: nothing, or a line that a killed process did not finish
  return lines.map((line, i) => {
    let entry: Partial<RunLine> | null;
    try {
      entry = JSON.parse(line);
    } catch (error) {
      throw new FileError(path, `line ${i + 1} is not JSON`, error);
    }
    if (typeof entry?.step !== 'number' || typeof entry.loss !== 'number')
      throw new FileError(path, `line ${i + 1} is not that of a step: expected an object with step and loss`);
    return entry as RunLine;
  });
}

/** Opens a run's log for writing. The caller holds the folder's lock (`train` takes that of the checkpoints below it). */
export function openRunFolder(folder: string): RunFolder {
  const path = join(folder, 'log.jsonl');
  let events: EventFile | undefined;
  let last = performance.now();
  return {
    folder,
    async begin(log) {
      const done = log.length;
      const lines = (await readRunLog(folder)).filter(({ step }) => step <= done);
      await writeFileAtomic(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      events = openEventFile(folder);
      last = performance.now();
    },
    step(log, images) {
      const now = performance.now();
      const line: RunLine = {
        ...log,
        imagesPerSecond: Number(((1000 * images) / (now - last)).toPrecision(4)),
        peakRssMiB: Math.round(memoryUse().peakRssMiB),
      };
      last = now;
      try {
        appendFileSync(path, `${JSON.stringify(line)}\n`);
        const { loss, learningRate, gradientNorm, aux, imagesPerSecond, peakRssMiB } = line;
        events?.scalars(log.step, {
          loss,
          learning_rate: learningRate,
          gradient_norm: gradientNorm,
          ...aux,
          images_per_second: imagesPerSecond,
          peak_rss_mib: peakRssMiB,
        });
      } catch (error) {
        throw new FileError(path, `cannot be written: ${describeSystemError(error)}`, error);
      }
    },
    end: () => events?.close(),
  };
}

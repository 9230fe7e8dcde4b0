/**
 * A process of the bench. `worker.js write KIND FOLDER SETTINGS` makes a work's folder, which other libraries read too. `worker.js time KIND FOLDER` does the
 * work once and then waits on standard input: for each line, a number of calls, it answers with their milliseconds; 0 ends it. Answers are lines of JSON.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startEngine } from '../../engine';
import { memoryUse } from '../../engine/internal';
import { readObject, writeJson } from '../../files';
import { describeError } from '../context';
import type { Kind } from './kind';
import { type KindName, kinds } from './kinds';

/** What a worker says after its first call. */
export interface Beginning {
  /** Milliseconds of the first call, with what is compiled in it. */
  readonly first: number;
  /** Milliseconds of the second. */
  readonly second: number;
  /** What the first two calls returned, one after the other: the second shows whether a step's update is the same. */
  readonly output: readonly number[];
  /** Resident memory before the work was loaded, MiB. */
  readonly bare: number;
  readonly threads: number;
  readonly versions: Readonly<Record<string, string>>;
}

const say = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

async function main([mode, name, folder, settings]: readonly string[]): Promise<void> {
  const kind = kinds[name as KindName] as Kind<unknown>;
  const settingsFile = join(folder!, 'settings.json');
  const engine = await startEngine();
  if (mode === 'write') {
    await mkdir(folder!, { recursive: true });
    await kind.write(folder!, JSON.parse(settings!));
    await writeJson(settingsFile, JSON.parse(settings!));
    return;
  }
  const bare = process.memoryUsage.rss() / 2 ** 20;
  const call = await kind.start(folder!, await readObject(settingsFile));
  const timed = async (): Promise<{ ms: number; output: readonly number[] }> => {
    const start = performance.now();
    const output = await call();
    return { ms: performance.now() - start, output };
  };
  const [first, second] = [await timed(), await timed()];
  const beginning: Beginning = {
    first: first.ms,
    second: second.ms,
    output: [...first.output, ...second.output],
    bare,
    threads: engine.threads,
    versions: { engine: engine.library, node: process.versions.node },
  };
  say(beginning);
  for await (const line of createInterface({ input: process.stdin })) {
    const calls = Number(line);
    if (calls === 0) break;
    const ms: number[] = [];
    while (ms.length < calls) ms.push((await timed()).ms);
    say({ ms });
  }
  say({ peak: memoryUse().peakRssMiB });
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exit(1);
  },
);

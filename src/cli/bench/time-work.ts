/** Times a piece of work in a process of its own, whose memory and first call are then its own too. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { Interrupted } from '../context';
import type { Beginning } from './worker';
import type { Work } from './works';

/** What a work takes. */
export interface Timing {
  /** Milliseconds of the quickest call, and of the middle one. */
  readonly least: number;
  readonly median: number;
  readonly calls: number;
  /** The process's largest resident memory, MiB. */
  readonly peak: number;
  /** Milliseconds of the first call, with what is compiled in it. */
  readonly first: number;
}

const WORKER = join(__dirname, 'worker.js');
/** The first call and the one after it are not counted; then come this many times the work's own number. */
const ROUNDS = 2;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * @throws Error with the process's last words where it fails; Interrupted where the signal was raised
 */
export async function timeWork(work: Work, signal: AbortSignal): Promise<Timing> {
  const folder = await mkdtemp(join(tmpdir(), 'roentgen-bench-'));
  try {
    await talk(['write', work.kind, folder, JSON.stringify(await work.settings())], [], signal);
    const calls = ROUNDS * work.calls;
    const [beginning, timed, end] = await talk(['time', work.kind, folder], [calls, 0], signal);
    const ms = [...(timed as { ms: number[] }).ms].sort((a, b) => a - b);
    const { peak } = end as { peak: number };
    return { least: ms[0]!, median: ms[ms.length >> 1]!, calls, peak, first: (beginning as Beginning).first };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts a worker, and answers each of its messages but the last with a line. @returns the messages */
async function talk(args: readonly string[], answers: readonly number[], signal: AbortSignal): Promise<readonly unknown[]> {
  signal.throwIfAborted();
  const child: Child = spawn(process.execPath, [WORKER, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const stop = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop);
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  child.stdin.on('error', () => undefined); // it ended before it read; its code says why
  for (const answer of answers) child.stdin.write(`${answer}\n`);
  child.stdin.end();
  const ended = new Promise<[number | null, string | null]>((resolve, reject) =>
    child.once('error', reject).once('close', (code, by) => resolve([code, by])),
  );
  try {
    const messages: unknown[] = [];
    for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('{')) messages.push(JSON.parse(line));
    const [code, by] = await ended;
    if (signal.aborted) throw new Interrupted('bench: interrupted');
    if (code !== 0)
      throw new Error(
        by === 'SIGKILL' ? 'the process was ended from outside; out of memory?' : lastLine(words) || `ended with ${code ?? by}`,
      );
    return messages;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)!.trim();

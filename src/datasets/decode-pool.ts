/** Threads that decode images. They are kept for the next images for a few seconds, and keep no process alive that has nothing else to do. */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FileError } from '../files';
import type { DecodeAnswer, DecodeJob } from './decode-worker';
import type { ImagePlace } from './image-place';
import type { Square } from './square';

/** Most threads; more wait for the disk. */
const MOST_THREADS = 16;
/** A thread decodes one image while it waits for the file of another. */
const JOBS_PER_THREAD = 2;
const IDLE_MS = 3000;

interface Thread {
  readonly worker: Worker;
  readonly open: Map<number, { readonly path: string; resolve(square: Square): void; reject(error: Error): void }>;
}

let threads: Thread[] = [];
let jobs = 0;
let idle: NodeJS.Timeout | undefined;

/** How many threads decode where nothing is said. */
export const defaultThreads = (): number => Math.min(MOST_THREADS, availableParallelism());

/** How many images are worth asking for at the same time. */
export const jobsAtOnce = (count: number): number => JOBS_PER_THREAD * count;

/**
 * `decodeSquare` on one of `count` threads.
 *
 * @throws as `decodeSquare`
 */
export function decodeOnThread(place: ImagePlace, size: number, count: number): Promise<Square> {
  clearTimeout(idle);
  while (threads.length < count) threads.push(start());
  const thread = threads.slice(0, count).reduce((a, b) => (b.open.size < a.open.size ? b : a));
  return new Promise((resolve, reject) => {
    const job = jobs++;
    thread.open.set(job, { path: place.path, resolve, reject });
    thread.worker.ref();
    thread.worker.postMessage({ job, place, size } satisfies DecodeJob);
  });
}

function start(): Thread {
  const worker = new Worker(join(__dirname, 'decode-worker.js'));
  const thread: Thread = { worker, open: new Map() };
  worker.unref();
  worker.on('message', ({ job, square, error }: DecodeAnswer) => {
    const { path, resolve, reject } = thread.open.get(job)!;
    thread.open.delete(job);
    if (thread.open.size === 0) worker.unref();
    if (square) resolve(square);
    else reject(error!.ofFile ? new FileError(path, error!.message) : new Error(`${path}: ${error!.message}`));
    if (threads.every(({ open }) => open.size === 0)) idle = setTimeout(stop, IDLE_MS).unref();
  });
  worker.on('error', (error) => {
    threads = threads.filter((each) => each !== thread);
    for (const { path, reject } of thread.open.values()) reject(new FileError(path, `could not be decoded: ${error.message}`, error));
  });
  return thread;
}

function stop(): void {
  for (const { worker } of threads) void worker.terminate();
  threads = [];
}

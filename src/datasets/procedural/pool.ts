/** Renders many images on worker threads. */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RenderAnswer, RenderJob } from './worker';

/** Images a job has: small enough for progress and interruption within a second. */
export const JOB_LENGTH = 32;

/** Most threads; more than this gain nothing at notebook sizes. */
const MOST_THREADS = 16;

/**
 * Runs jobs on as many threads as there are processors.
 *
 * @param onAnswer  called with each job's pixels, in the order in which they are ready
 * @throws the signal's reason where it is aborted; Error where a thread fails
 */
export async function runJobs(
  jobs: readonly RenderJob[],
  onAnswer: (job: RenderJob, pixels: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  if (jobs.length === 0) return;
  const threads = Math.min(availableParallelism(), MOST_THREADS, jobs.length);
  const workers: Worker[] = [];
  const waiting = [...jobs].reverse();
  const byNumber = new Map(jobs.map((job) => [job.job, job]));
  let abort: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      let open = jobs.length;
      abort = () => reject(signal!.reason);
      signal?.addEventListener('abort', abort);
      for (let i = 0; i < threads; i++) {
        const worker = new Worker(join(__dirname, 'worker.js'));
        workers.push(worker);
        const next = (): void => {
          const job = waiting.pop();
          if (job) worker.postMessage(job);
        };
        worker.on('message', (answer: RenderAnswer) => {
          if (!answer.pixels) return reject(new Error(`${byNumber.get(answer.job)!.renderer}: rendering failed: ${answer.error}`));
          onAnswer(byNumber.get(answer.job)!, answer.pixels);
          if (--open === 0) resolve();
          else next();
        });
        worker.on('error', reject);
        next();
      }
    });
  } finally {
    if (abort) signal?.removeEventListener('abort', abort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

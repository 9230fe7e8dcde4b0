/** A worker thread that renders studies: takes {population, patients, numbers, size, job}, answers with their pixels. */

import { parentPort } from 'node:worker_threads';
import { makeStudy, type Population } from './course';
import { renderStudy } from './render';

/** What a worker is asked. */
export interface RenderJob {
  readonly job: number;
  readonly population: Population;
  readonly patients: Int32Array;
  readonly numbers: Int32Array;
  readonly size: number;
}

/** What it answers: the pictures one after the other, or why there are none. */
export interface RenderAnswer {
  readonly job: number;
  readonly pixels?: Uint8Array;
  readonly error?: string;
}

/** Renders a job's studies one after the other: [n, size, size]. */
export function renderJob(job: Omit<RenderJob, 'job'>): Uint8Array {
  const area = job.size * job.size;
  const pixels = new Uint8Array(job.patients.length * area);
  job.patients.forEach((patient, i) => {
    pixels.set(renderStudy(makeStudy(job.population, patient, job.numbers[i]!), job.size), i * area);
  });
  return pixels;
}

parentPort?.on('message', (job: RenderJob) => {
  try {
    const pixels = renderJob(job);
    parentPort!.postMessage({ job: job.job, pixels } satisfies RenderAnswer, [pixels.buffer as ArrayBuffer]);
  } catch (error) {
    parentPort!.postMessage({ job: job.job, error: error instanceof Error ? error.message : String(error) } satisfies RenderAnswer);
  }
});

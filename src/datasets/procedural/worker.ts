/** A worker thread that renders images: takes {renderer, population, subjects, size, job}, answers with their pixels. */

import { parentPort } from 'node:worker_threads';

/**
 * A domain's renderer: one grey image of size × size bytes. A module that exports it as `render` can be named to `proceduralImages`; population
 * and subject are plain data that cross to threads.
 */
export type Render<Population, Subject> = (population: Population, subject: Subject, size: number) => Uint8Array;

/** What a worker is asked. */
export interface RenderJob {
  readonly job: number;
  /** Path of the module that exports `render`. */
  readonly renderer: string;
  readonly population: unknown;
  readonly subjects: readonly unknown[];
  readonly size: number;
}

/** What it answers: the images one after the other, or why there are none. */
export interface RenderAnswer {
  readonly job: number;
  readonly pixels?: Uint8Array;
  readonly error?: string;
}

/** Renders a job's subjects one after the other: [n, size, size]. */
function renderJob({ renderer, population, subjects, size }: RenderJob): Uint8Array {
  const { render } = require(renderer) as { render: Render<unknown, unknown> };
  const pixels = new Uint8Array(subjects.length * size * size);
  subjects.forEach((subject, i) => {
    pixels.set(render(population, subject, size), i * size * size);
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

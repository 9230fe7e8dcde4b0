/** The projection of a volume along rays, on all processors. */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Rays } from './rays';
import { type RaySum, traceRows, type VoxelGrid } from './trace';
import type { TraceWork } from './trace-worker';

/** Most threads; more gain little beside the memory that all read from. */
const MOST_THREADS = 16;

/** Rays times boxes along the longest side that are traced sooner than threads start. */
const SMALL = 1e7;

/** A Float32Array that threads share. */
export function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

/**
 * Sums along every ray.
 *
 * @param grid   not changed; threads read it where it is if it lies in shared memory (`sharedFloats`), and a copy else
 * @param sum    what is summed (`RaySum`)
 * @param signal ends the work
 * @returns      [height * width]
 * @throws RangeError where the values do not fill the volume; the signal's reason where it is raised
 */
export async function projectVolume(grid: VoxelGrid, rays: Rays, sum: RaySum, signal?: AbortSignal): Promise<Float32Array> {
  const [nx, ny, nz] = grid.shape;
  if (grid.data.length !== nx * ny * nz)
    throw new RangeError(`projectVolume: expected ${nx} * ${ny} * ${nz} = ${nx * ny * nz} values, got ${grid.data.length}`);
  signal?.throwIfAborted();
  const out = sharedFloats(rays.width * rays.height);
  if (rays.width * rays.height * Math.max(nx, ny, nz) < SMALL) traceRows(grid, rays, sum, 0, rays.height, out);
  else
    await onThreads({ grid: { ...grid, data: shared(grid.data) }, rays, sum, out, next: new Int32Array(new SharedArrayBuffer(4)) }, signal);
  return new Float32Array(out);
}

function shared(data: Float32Array): Float32Array {
  if (data.buffer instanceof SharedArrayBuffer) return data;
  const copy = sharedFloats(data.length);
  copy.set(data);
  return copy;
}

async function onThreads(work: TraceWork, signal?: AbortSignal): Promise<void> {
  const threads = Math.min(availableParallelism(), MOST_THREADS);
  const workers = Array.from({ length: threads }, () => new Worker(join(__dirname, 'trace-worker.js'), { workerData: work }));
  let abort: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      let running = threads;
      abort = () => reject(signal!.reason);
      signal?.addEventListener('abort', abort);
      for (const worker of workers) {
        worker.on('error', reject);
        worker.on('exit', () => {
          running--;
          if (running === 0) resolve();
        });
      }
    });
  } finally {
    if (abort) signal?.removeEventListener('abort', abort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

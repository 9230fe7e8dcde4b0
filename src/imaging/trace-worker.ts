/** A worker thread that traces rows until none is left; volume and image lie in memory that all threads share. */

import { workerData } from 'node:worker_threads';
import type { Rays } from './rays';
import { type RaySum, traceRows, type VoxelGrid } from './trace';

/** What a thread is given. */
export interface TraceWork {
  readonly grid: VoxelGrid;
  readonly rays: Rays;
  readonly sum: RaySum;
  readonly out: Float32Array;
  /** The first row that no thread has taken yet. */
  readonly next: Int32Array;
}

/** Rows taken at a time: enough that neighbouring rays share what they read, few enough that threads end together. */
const ROWS = 8;

const { grid, rays, sum, out, next } = workerData as TraceWork;
for (let row = Atomics.add(next, 0, ROWS); row < rays.height; row = Atomics.add(next, 0, ROWS))
  traceRows(grid, rays, sum, row, Math.min(rays.height, row + ROWS), out);

/** Images of a procedural domain: rendered when asked for, many at once on all processors, and kept on disk. */

import { type BatchOptions, checkIndex } from '../dataset';
import { type ImageCache, imageCache, populationFingerprint } from './cache';
import { JOB_LENGTH, runJobs } from './pool';
import type { Render, RenderJob } from './worker';

export interface ProceduralOptions<Population, Subject> {
  /** Shown in errors. */
  readonly name: string;
  readonly render: Render<Population, Subject>;
  /** Path of the module that exports the same function as `render`, for threads. The code in its folder is part of the fingerprint. */
  readonly renderer: string;
  /** The file of the package's data that the renderer reads. */
  readonly data: string;
  /** Plain data. */
  readonly population: Population;
  readonly count: number;
  /** What image i is made from; plain data, the same for every count. */
  readonly subject: (i: number) => Subject;
  /** Folder for rendered images; false keeps none. */
  readonly cache: string | false;
}

/** The image part of a dataset. */
export interface ProceduralImages {
  readonly fingerprint: string;
  pixels(i: number, size: number): Promise<Float32Array>;
  batch(indices: ArrayLike<number>, size: number, options?: BatchOptions): Promise<Float32Array>;
}

/** Images by index: `pixels`, `batch` and `fingerprint` of a dataset. */
export function proceduralImages<Population, Subject>(options: ProceduralOptions<Population, Subject>): ProceduralImages {
  const { name, render, renderer, population, count, subject } = options;
  const fingerprint = populationFingerprint(renderer, options.data, population);
  const cache: ImageCache | undefined = options.cache === false ? undefined : imageCache(options.cache, fingerprint);
  const recent = new Map<string, Uint8Array>(); // the last blocks read

  const block = (size: number, number: number): Uint8Array | undefined => {
    if (!cache) return undefined;
    const at = `${size}/${number}`;
    const length = cache.blockLength(size);
    const bytes = recent.get(at) ?? cache.read(size, number, Math.min(length, count - number * length));
    if (!bytes) return undefined;
    recent.delete(at);
    recent.set(at, bytes);
    if (recent.size > 4) recent.delete(recent.keys().next().value!);
    return bytes;
  };
  const cached = (i: number, size: number): Uint8Array | undefined => {
    if (!cache) return undefined;
    const length = cache.blockLength(size);
    const area = size * size;
    return block(size, Math.floor(i / length))?.subarray((i % length) * area, ((i % length) + 1) * area);
  };
  const check = (i: number): void => checkIndex({ name, length: count }, i);

  async function batch(indices: ArrayLike<number>, size: number, { onProgress, signal }: BatchOptions = {}): Promise<Float32Array> {
    checkSize(name, size);
    const area = size * size;
    const out = new Float32Array(indices.length * area);
    const put = (at: number, bytes: Uint8Array): void => {
      for (let k = 0; k < area; k++) out[at * area + k] = bytes[k]! / 255;
    };
    const missing: number[] = [];
    for (let at = 0; at < indices.length; at++) {
      check(indices[at]!);
      const bytes = cached(indices[at]!, size);
      if (bytes) put(at, bytes);
      else missing.push(at);
    }
    let done = indices.length - missing.length;
    if (done > 0) onProgress?.(done, indices.length);
    const jobs: RenderJob[] = [];
    const wanted: number[][] = [];
    for (let first = 0; first < missing.length; first += JOB_LENGTH) {
      const part = missing.slice(first, first + JOB_LENGTH);
      wanted.push(part);
      jobs.push({ job: jobs.length, renderer, population, subjects: part.map((at) => subject(indices[at]!)), size });
    }
    await runJobs(
      jobs,
      (job, pixels) => {
        wanted[job.job]!.forEach((at, k) => {
          put(at, pixels.subarray(k * area, (k + 1) * area));
        });
        done += job.subjects.length;
        onProgress?.(done, indices.length);
      },
      signal,
    );
    if (cache && missing.length > 0) storeBlocks(cache, indices, size, out);
    return out;
  }

  /** Keeps on disk those blocks of which every image was asked for. */
  function storeBlocks(to: ImageCache, indices: ArrayLike<number>, size: number, pictures: Float32Array): void {
    const area = size * size;
    const length = to.blockLength(size);
    const places = new Map<number, number>();
    for (let at = 0; at < indices.length; at++) places.set(indices[at]!, at);
    for (let number = 0; number * length < count; number++) {
      const first = number * length;
      const n = Math.min(length, count - first);
      let whole = true;
      for (let k = 0; k < n && whole; k++) whole = places.has(first + k);
      if (!whole || block(size, number)) continue;
      const bytes = new Uint8Array(n * area);
      for (let k = 0; k < n; k++) {
        const from = places.get(first + k)! * area;
        for (let j = 0; j < area; j++) bytes[k * area + j] = Math.round(pictures[from + j]! * 255);
      }
      to.write(size, number, bytes);
    }
  }

  return {
    fingerprint,
    pixels: async (i, size) => {
      check(i);
      checkSize(name, size);
      return Float32Array.from(cached(i, size) ?? render(population, subject(i), size), (v) => v / 255);
    },
    batch,
  };
}

function checkSize(name: string, size: number): void {
  if (!Number.isInteger(size) || size < 16 || size > 1024)
    throw new RangeError(`${name}: size: expected an integer from 16 to 1024, got ${size}`);
}

/** The phantom as a dataset: studies by index, texts and labels from parameters, pictures rendered when asked for and kept on disk. */

import { join } from 'node:path';
import { type BatchOptions, checkIndex, type Dataset, type ImageRecord } from '../dataset';
import { pictureCache } from './cache';
import { makeRoster, makeStudy, type Population } from './course';
import { writeImpression } from './impression';
import { JOB_LENGTH, runJobs } from './pool';
import { writePrompt } from './prompt';
import { renderStudy } from './render';
import { dataFolder, phantomSettings } from './settings';
import { type FindingKind, PHANTOM_FINDINGS, type Projection, type Side, type Study } from './types';
import type { RenderJob } from './worker';

export interface PhantomOptions {
  /** Another seed, other patients. 0 if not given. */
  readonly seed?: number;
  /** How many studies; the first n are the same for every count. 1000 if not given. */
  readonly count?: number;
  /** `['PA', 'AP']` if not given. */
  readonly views?: readonly Projection[];
  /** What may be shown: the style's own list if not given (eight for prompts, all for impressions). */
  readonly findings?: readonly FindingKind[];
  /** Short prompts for training from scratch, or impressions as a radiologist writes them. `prompt` if not given. */
  readonly style?: 'prompt' | 'impression';
  /** Folder for rendered pictures; false keeps none. `.cache/phantom` beside the library if not given. */
  readonly cache?: string | false;
}

/** A dataset of phantom studies. */
export interface PhantomDataset extends Dataset {
  readonly population: Population;
  /** The parameters behind record `i`. */
  study(i: number): Study;
  /** Pictures of several records at once, on all processors: [indices.length * size * size], 0..1. Same numbers as `pixels`. */
  batch(indices: ArrayLike<number>, size: number, options?: BatchOptions): Promise<Float32Array>;
}

function checkOptions(options: PhantomOptions): { population: Population; count: number } {
  const { seed = 0, count = 1000, views = ['PA', 'AP'], style = 'prompt' } = options;
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`openPhantom: seed: expected an integer >= 0, got ${seed}`);
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`openPhantom: count: expected an integer >= 1, got ${count}`);
  if (style !== 'prompt' && style !== 'impression')
    throw new TypeError(`openPhantom: style: expected 'prompt' or 'impression', got ${String(style)}`);
  const wrongView = views.find((v) => !['PA', 'AP', 'LATERAL'].includes(v));
  if (views.length === 0 || wrongView !== undefined)
    throw new TypeError(`openPhantom: views: expected some of PA, AP, LATERAL, got ${wrongView ?? 'none'}`);
  const findings = options.findings ?? (style === 'prompt' ? phantomSettings().prompt.findings : PHANTOM_FINDINGS);
  const wrong = findings.find((f) => !PHANTOM_FINDINGS.includes(f));
  if (wrong !== undefined)
    throw new TypeError(`openPhantom: findings: expected some of ${PHANTOM_FINDINGS.join(', ')}; got ${String(wrong)}`);
  return { population: { seed, views: [...views], findings: [...findings], style }, count };
}

/** Labels and unambiguous sides of a study. A lateral view shows no side. */
function describe(study: Study, findings: readonly FindingKind[]): Pick<ImageRecord, 'labels' | 'sides'> {
  const labels: Record<string, 0 | 1> = {};
  const sides: Record<string, Side> = {};
  for (const kind of findings) {
    const found = study.findings.filter((f) => f.kind === kind);
    labels[kind] = found.length > 0 ? 1 : 0;
    const [first] = found;
    if (found.length === 1 && first!.side && study.view !== 'LATERAL') sides[kind] = first!.side;
  }
  return { labels, sides };
}

/**
 * Synthetic chest radiographs with texts, labels and sides. Deterministic: the same options give the same bytes in every process.
 *
 * @throws RangeError or TypeError for options out of range, naming the option
 */
export function openPhantom(options: PhantomOptions = {}): PhantomDataset {
  const { population, count } = checkOptions(options);
  const roster = makeRoster(population, count);
  const cache =
    options.cache === false ? undefined : pictureCache(options.cache ?? join(dataFolder, '..', '.cache', 'phantom'), population);
  const recent = new Map<string, Uint8Array>(); // the last blocks read

  const block = (size: number, number: number): Uint8Array | undefined => {
    if (!cache) return undefined;
    const name = `${size}/${number}`;
    const length = cache.blockLength(size);
    const bytes = recent.get(name) ?? cache.read(size, number, Math.min(length, count - number * length));
    if (!bytes) return undefined;
    recent.delete(name);
    recent.set(name, bytes);
    if (recent.size > 4) recent.delete(recent.keys().next().value!);
    return bytes;
  };
  const cached = (i: number, size: number): Uint8Array | undefined => {
    if (!cache) return undefined;
    const length = cache.blockLength(size);
    const area = size * size;
    return block(size, Math.floor(i / length))?.subarray((i % length) * area, ((i % length) + 1) * area);
  };

  const dataset: PhantomDataset = {
    name: 'phantom',
    credit: 'Synthetic thorax phantom of roentgen-lab; not for diagnosis.',
    findings: population.findings,
    length: count,
    population,
    study: (i) => {
      checkIndex(dataset, i);
      return makeStudy(population, roster.patient[i]!, roster.number[i]!);
    },
    record: (i) => {
      const study = dataset.study(i);
      return {
        id: `phantom-${population.seed}-${i}`,
        patient: `phantom-${population.seed}-p${study.patient.index}`,
        text: population.style === 'prompt' ? writePrompt(study) : writeImpression(study),
        view: study.view,
        age: study.age,
        sex: study.patient.sex,
        ...describe(study, population.findings),
      };
    },
    pixels: async (i, size) => {
      checkIndex(dataset, i);
      checkSize(size);
      return Float32Array.from(cached(i, size) ?? renderStudy(dataset.study(i), size), (v) => v / 255);
    },
    batch: (indices, size, batchOptions = {}) => renderBatch(indices, size, batchOptions),
  };

  async function renderBatch(indices: ArrayLike<number>, size: number, { onProgress, signal }: BatchOptions): Promise<Float32Array> {
    checkSize(size);
    const area = size * size;
    const out = new Float32Array(indices.length * area);
    const put = (at: number, bytes: Uint8Array): void => {
      for (let k = 0; k < area; k++) out[at * area + k] = bytes[k]! / 255;
    };
    const missing: number[] = [];
    for (let at = 0; at < indices.length; at++) {
      checkIndex(dataset, indices[at]!);
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
      jobs.push({
        job: jobs.length,
        population,
        patients: Int32Array.from(part, (at) => roster.patient[indices[at]!]!),
        numbers: Int32Array.from(part, (at) => roster.number[indices[at]!]!),
        size,
      });
    }
    await runJobs(
      jobs,
      (job, pixels) => {
        wanted[job.job]!.forEach((at, k) => {
          put(at, pixels.subarray(k * area, (k + 1) * area));
        });
        done += job.patients.length;
        onProgress?.(done, indices.length);
      },
      signal,
    );
    if (cache && missing.length > 0) storeBlocks(indices, size, out);
    return out;
  }

  /** Keeps on disk those blocks of which every picture was asked for. */
  function storeBlocks(indices: ArrayLike<number>, size: number, pictures: Float32Array): void {
    const area = size * size;
    const length = cache!.blockLength(size);
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
      cache!.write(size, number, bytes);
    }
  }
  return dataset;
}

function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 16 || size > 1024)
    throw new RangeError(`phantom: size: expected an integer from 16 to 1024, got ${size}`);
}

/**
 * Pictures of several records at once, on all processors.
 *
 * @returns [indices.length * size * size], 0..1
 */
export function renderPhantomBatch(
  dataset: PhantomDataset,
  indices: ArrayLike<number>,
  size: number,
  options: BatchOptions = {},
): Promise<Float32Array> {
  return dataset.batch(indices, size, options);
}

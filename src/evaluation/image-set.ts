/** Sets of images that evaluations compare: real ones, and those of a model, which are made once and kept. */

import { join } from 'node:path';
import { type Dataset, type ImageRecord, pixelRows } from '../datasets';
import { recordsOf } from '../datasets/internal';
import type { Rows } from '../files';
import { checkRows, expectWhole, type KeptRows, keepRows } from '../files/internal';
import { disposeModel, type Model, SAMPLING_DEFAULTS, textToImage } from '../pipelines';
import { type Bench, type EvaluatedModel, keepingOf, openEvaluated } from './bench';
import { hashOf } from './hash-of';
import { type ImageTable, imagesOfTable } from './image-table';

/** Grey images of one size. */
export interface ImageSet {
  /** For tables. */
  readonly name: string;
  /** Grey values 0 to 1, size × size a row. */
  readonly pixels: Rows;
  readonly size: number;
  /** One for each image: what is asked for, or of a real image what is there. */
  readonly records: readonly ImageRecord[];
}

/** Names of real images of the test part, and of the training part; no model has them. */
export const REAL = 'real';
export const REAL_TRAINING = 'real training images';

/** Images of `part`, by default as many as there are prompts: of the test part those whose texts are the prompts. */
export async function realImages(bench: Bench, part: 'train' | 'test', count: number = bench.records.length): Promise<ImageSet> {
  const dataset: Dataset = bench[part];
  const all = await pixelRows(dataset, bench.size, {
    ...(bench.signal && { signal: bench.signal }),
    onProgress: (done, total) => bench.progress(`images of the ${part} part`, done, total),
    onNote: bench.note,
  });
  const records = recordsOf(dataset, count);
  return { name: part === 'test' ? REAL : REAL_TRAINING, pixels: firstRows(all, records.length), size: bench.size, records };
}

function firstRows(rows: Rows, length: number): Rows {
  if (rows.length === length) return rows;
  return {
    length,
    width: rows.width,
    identity: `${rows.identity}/first-${length}`,
    read: (chosen) => {
      checkRows(chosen, length);
      return rows.read(chosen);
    },
  };
}

export interface GeneratedOptions {
  /** By default the bench's. */
  readonly records?: readonly ImageRecord[];
  /** Images of each prompt, one after another; default 1. */
  readonly perPrompt?: number;
}

/** Images in a file: what an interrupted run loses at most. */
const PER_FILE = 64;
/** Images made at a time. */
const BATCH = 32;

/**
 * The images that a model makes of records' texts: read from the bench's folder, or made and kept there. Image i depends on prompt, seed and i alone.
 *
 * @throws the signal's reason where it was raised: what is made stays; FileError where the bench only merges and an image is not there
 */
export async function generatedImages(bench: Bench, model: EvaluatedModel, options: GeneratedOptions = {}): Promise<ImageSet> {
  if (model.images) return givenImages(bench, { ...model, images: model.images }, options);
  const { kept, ...set } = await keepImages(bench, model, options);
  if (!bench.part) expectWhole(kept); // a part's own rows can be read
  return set;
}

/** Of a table in place of weights. */
async function givenImages(
  bench: Bench,
  table: ImageTable,
  { records = bench.records, perPrompt = 1 }: GeneratedOptions,
): Promise<ImageSet> {
  const { size, signal, note } = bench;
  const onProgress = (done: number, total: number): void => bench.progress(`images of ${table.name}`, done, total);
  const pixels = await imagesOfTable(table, records, { perPrompt, size, ...(signal && { signal }), onProgress, onNote: note });
  return { name: table.name, pixels, size, records: records.flatMap((record) => Array.from({ length: perPrompt }, () => record)) };
}

/** The same, and how its images are kept: what the bench does not make may be missing. */
export async function keepImages(
  bench: Bench,
  model: EvaluatedModel,
  options: GeneratedOptions = {},
): Promise<ImageSet & { readonly kept: KeptRows<'pixels'> }> {
  const { records = bench.records, perPrompt = 1 } = options;
  const { size, seed, recipe } = bench;
  const prompts = records.flatMap(({ text }) => Array.from({ length: perPrompt }, () => text));
  let loaded: Model | undefined;
  try {
    const kept = await keepRows(
      join(bench.out, 'images', model.name),
      {
        source: { images: 1, model: model.identity, prompts: hashOf(prompts), perPrompt, seed, size, sampling: recipe.sampling },
        length: prompts.length,
        columns: { pixels: { shape: [size, size], dtype: 'U16' } },
        rowsPerFile: PER_FILE,
        async make(from, to) {
          loaded ??= await openEvaluated(model);
          return { values: { pixels: await draw(bench, loaded, model.name, prompts, from, to) } };
        },
      },
      keepingOf(bench),
    );
    return {
      name: model.name,
      pixels: kept.columns.pixels,
      size,
      records: records.flatMap((record) => Array.from({ length: perPrompt }, () => record)),
      kept,
    };
  } finally {
    if (loaded) disposeModel(loaded);
  }
}

async function draw(bench: Bench, model: Model, name: string, prompts: readonly string[], from: number, to: number): Promise<Float32Array> {
  const { size, seed, recipe, signal } = bench;
  const area = size * size;
  const out = new Float32Array((to - from) * area);
  // The seed of a part is its own, so that a part is the same whoever makes it.
  const images = await textToImage(model, {
    prompts: prompts.slice(from, to),
    ...recipe.sampling,
    size,
    seed: seed * 1_000_003 + from,
    batchSize: Math.min(BATCH, Math.max(SAMPLING_DEFAULTS.batchSize, Math.floor((BATCH * 64 ** 2) / area))),
    onLostTokens: () => undefined,
    ...(signal && { signal }),
    onStep: ({ step, total }) => bench.progress(`images of ${name}`, from + Math.floor((step / total) * (to - from)), prompts.length),
  });
  images.forEach(({ pixels, channels }, i) => {
    for (let k = 0; k < area; k++) {
      let value = 0; // grey of colour images: their mean, since radiographs have none
      for (let c = 0; c < channels; c++) value += pixels[k * channels + c]! / channels;
      out[i * area + k] = Math.min(1, Math.max(0, value));
    }
  });
  return out;
}

/** The images whose detail is measured: real ones, the same through each model's autoencoder, and those made of their texts; real ones of others to compare with. */

import { join } from 'node:path';
import type { Key } from '../../engine';
import { nextTurn } from '../../engine/internal';
import type { Rows } from '../../files';
import { expectWhole, keepRows, readRange } from '../../files/internal';
import { disposeModel, type Model, reconstruct } from '../../pipelines';
import { type Bench, type EvaluatedModel, keepingOf, openEvaluated } from '../bench';
import { generatedImages, type ImageSet, realImages } from '../image-set';
import { inEightBits } from '../instruments/degradations';
import { halvesOf } from '../instruments/measures';

export interface ModelImages {
  readonly name: string;
  /** Of the same rows as the real ones; undefined of a model of which images alone are given. */
  readonly autoencoder?: ImageSet;
  /** One of each prompt. */
  readonly generated: ImageSet;
}

export interface DetailImages {
  /** The first images of the test part. */
  readonly real: ImageSet;
  readonly models: readonly ModelImages[];
  /** Rows that are measured: their texts are prompts. */
  readonly cases: Int32Array;
  /** Rows of real images of other patients, which sets are measured against. */
  readonly reference: Int32Array;
  /** Whose images they are, by row: patients who share an image count as one. */
  readonly patients: readonly string[];
}

/** Values of pixels of a set that are held at a time. */
const MOST_PIXELS = 2 ** 25;
const PER_FILE = 64;
/** Images that go through an autoencoder at a time, at 64 pixels. */
const BATCH = 32;

const numbers = (from: number, to: number): Int32Array => Int32Array.from({ length: to - from }, (_, i) => from + i);

/**
 * Which rows are measured and which they are measured against, of other patients: further images of the test part where it has half as many or more, else one half of
 * the prompts' against the other.
 *
 * @param patients of the first images of the test part, those of the prompts first
 * @throws RangeError where there are fewer than 8 images for a half
 */
export function divided(
  patients: readonly string[],
  prompts: number,
  key: Key,
): { readonly cases: Int32Array; readonly reference: Int32Array } {
  const known = new Set(patients.slice(0, prompts));
  const others = numbers(prompts, patients.length).filter((row) => !known.has(patients[row]!));
  if (2 * others.length >= prompts && others.length >= 16) return { cases: numbers(0, prompts), reference: others.slice(0, prompts) };
  const { first, second } = halvesOf(patients.slice(0, prompts), key);
  return { cases: Int32Array.from(second).sort(), reference: Int32Array.from(first).sort() };
}

/** @throws RangeError where there are fewer than 16 images */
export async function detailImages(bench: Bench, key: Key): Promise<DetailImages> {
  const prompts = Math.min(bench.records.length, Math.max(16, Math.floor(MOST_PIXELS / bench.size ** 2)));
  const real = await realImages(bench, 'test', Math.min(bench.test.length, 2 * prompts));
  if (prompts < 16) throw new RangeError(`detail: ${prompts} images are too few: expected 16 at least, better a hundred (--prompts)`);
  const patients = real.records.map(({ patient, group = patient }) => group);
  const models: ModelImages[] = [];
  for (const model of bench.models) {
    const autoencoder = model.images ? undefined : await reconstructed(bench, model, real);
    models.push({ name: model.name, ...(autoencoder && { autoencoder }), generated: await generatedImages(bench, model) });
  }
  return { real, models, patients, ...divided(patients, prompts, key) };
}

/** Real images through a model's encoder, of whose latents the mean is taken, and its decoder; made once and kept. */
async function reconstructed(bench: Bench, model: EvaluatedModel, real: ImageSet): Promise<ImageSet> {
  const { size } = bench;
  let loaded: Model | undefined;
  try {
    const kept = await keepRows(
      join(bench.out, 'reconstructed', model.name),
      {
        source: { reconstructed: 1, model: model.identity, images: real.pixels.identity, size },
        length: real.pixels.length,
        columns: { pixels: { shape: [size, size], dtype: 'U16' } },
        rowsPerFile: PER_FILE,
        async make(from, to) {
          loaded ??= await openEvaluated(model);
          const pixels = await inBatches(bench, loaded, await readRange(real.pixels, from, to));
          bench.progress(`real images through the autoencoder of ${model.name}`, to, real.pixels.length);
          return { values: { pixels } };
        },
      },
      keepingOf(bench),
    );
    return { name: `${model.name} (autoencoder)`, pixels: expectWhole(kept).columns.pixels, size, records: real.records };
  } finally {
    if (loaded) disposeModel(loaded);
  }
}

async function inBatches(bench: Bench, model: Model, pixels: Float32Array): Promise<Float32Array> {
  const area = bench.size ** 2;
  const step = Math.max(1, Math.floor((BATCH * 64 ** 2) / area)) * area;
  const out = new Float32Array(pixels.length);
  for (let at = 0; at < pixels.length; at += step) {
    bench.signal?.throwIfAborted();
    out.set(reconstruct(model, pixels.subarray(at, at + step), bench.size), at);
    await nextTurn();
  }
  return out;
}

/** Other images of the bench's size through a model's autoencoder. */
export async function throughAutoencoder(bench: Bench, model: EvaluatedModel, pixels: Float32Array): Promise<Float32Array> {
  const loaded = await openEvaluated(model);
  try {
    return await inBatches(bench, loaded, pixels);
  } finally {
    disposeModel(loaded);
  }
}

/** Greys of some rows as files of 8 bits hold them, so that stages differ in what is seen alone. */
export const pixelsOf = async ({ pixels }: { readonly pixels: Rows }, rows: Int32Array): Promise<Float32Array> =>
  inEightBits(await pixels.read(rows));

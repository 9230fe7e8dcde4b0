/** Images of the domain that a model comes from: what remedies against forgetting hold on to. */

import { loadPixels, openSplit } from '../../datasets';
import { textsOf } from '../../datasets/internal';
import { type Key, key, randomInts, split } from '../../engine';
import { type Rows, rowsOf } from '../../files';
import { checkRows } from '../../files/internal';
import { textToImage } from '../../pipelines';
import type { Preparation, TrainingSet } from './strategy';

/** Settings of every strategy that holds on to an old domain. */
export const oldDomainSettings = {
  /** Data of the domain that the model comes from, as `openSplit` takes it: `world` for the base of the recipes here. */
  source: 'world',
  /** How many of its training part. */
  records: 256,
  /** Whether the model, before it changes, makes images of their texts in place of the data's own. */
  made: false,
} as const;

export interface OldDomainSettings {
  readonly source: string;
  readonly records: number;
  readonly made: boolean;
}

/** @throws RangeError naming the strategy where a setting is out of range */
export function checkOldDomain(strategy: string, { records }: OldDomainSettings): void {
  if (!Number.isSafeInteger(records) || records < 1)
    throw new RangeError(`strategy ${strategy}: records: expected a whole number from 1, got ${records}`);
}

/** Images that the model makes of prompts before it changes, one after another. */
export async function ownImages(
  { model, size, sampling, signal, onProgress }: Preparation,
  prompts: readonly string[],
  drawing: Key,
  what: string,
): Promise<Float32Array> {
  const images = await textToImage(model, {
    prompts,
    ...sampling,
    size,
    seed: randomInts(drawing, 1, 0, 2 ** 31)[0]!,
    batchSize: 16,
    signal,
    onStep: ({ step, total }) => onProgress?.(step, total, what),
  });
  const pixels = new Float32Array(images.length * size * size);
  images.forEach((image, i) => {
    pixels.set(image.pixels, i * size * size);
  });
  return pixels;
}

/** The division of a folder's patients: that of a run with seed 1. */
const SEED = 1;

/** Images and texts of the old domain's training part. */
export async function oldDomain(
  preparation: Preparation,
  { source, records, made }: OldDomainSettings,
): Promise<{ readonly pixels: Float32Array; readonly texts: readonly string[] }> {
  const [division] = split(key(SEED), 4) as [Key];
  const { size, signal } = preparation;
  const { train } = await openSplit({ data: source, counts: { train: records, test: 1 }, key: division, size });
  const texts = textsOf(train, records);
  if (!made) {
    const pixels = await loadPixels(train, size, { ...(signal && { signal }) });
    return { pixels: pixels.subarray(0, texts.length * size * size), texts };
  }
  const [, drawing] = split(preparation.key) as [Key, Key];
  return { pixels: await ownImages(preparation, texts, drawing, 'pictures of the old domain'), texts };
}

/** The data with other images and texts behind them. */
export function followedBy(
  { pixels: first, texts }: TrainingSet,
  { pixels, texts: more }: { readonly pixels: Float32Array; readonly texts: readonly string[] },
): Pick<TrainingSet, 'pixels' | 'texts'> {
  const { width } = first;
  const second = rowsOf(pixels, width);
  const [from, length] = [first.length, first.length + second.length];
  const rows: Rows = {
    length,
    width,
    identity: `${first.identity}, then ${second.identity}`,
    async read(chosen) {
      checkRows(chosen, length);
      const out = new Float32Array(chosen.length * width);
      for (const [part, offset] of [
        [first, 0],
        [second, from],
      ] as const) {
        const at = Array.from(chosen, (row, i) => ({ row: row - offset, i })).filter(({ row }) => row >= 0 && row < part.length);
        if (at.length === 0) continue;
        const values = await part.read(Int32Array.from(at, ({ row }) => row));
        at.forEach(({ i }, k) => {
          out.set(values.subarray(k * width, (k + 1) * width), i * width);
        });
      }
      return out;
    },
  };
  return { pixels: rows, texts: [...texts, ...more] };
}

/** Feature spaces in which sets of images are compared, and the features of a set in one of them, which are computed once and kept. */

import { join } from 'node:path';
import { expectWhole, type KeptRows, keepRows, readRange } from '../files/internal';
import type { Features } from '../metrics';
import { type Bench, keepingOf } from './bench';
import type { ImageSet } from './image-set';

/** A network whose inner features stand for images. The caller of whoever opened it disposes it. */
export interface FeatureSpace {
  /** Short, for tables: `chest`, `imagenet`, `clip`, `inception`. */
  readonly name: string;
  /** Network, weights, layer, width and preprocessing, in a sentence. */
  readonly definition: string;
  /** Two spaces with the same identity give the same features. */
  readonly identity: string;
  readonly width: number;
  /**
   * @param pixels n grey images one after another, size × size, 0 to 1
   * @returns [n, width]
   */
  extract(pixels: Float32Array, size: number): Promise<Float32Array>;
  dispose(): void;
}

const PER_FILE = 64;

/**
 * The features of a set: out of the bench's folder, or computed and kept there.
 *
 * @throws RangeError where a feature is not finite; FileError where the bench makes a part alone and others are not there
 */
export async function featuresOf(bench: Bench, space: FeatureSpace, set: ImageSet): Promise<Features> {
  const { columns } = expectWhole(await keepFeatures(bench, space, set));
  return { values: await readRange(columns.features, 0, set.pixels.length), rows: set.pixels.length, columns: space.width };
}

/** The same without reading them: what the bench does not make may be missing. */
export async function keepFeatures(bench: Bench, space: FeatureSpace, set: ImageSet): Promise<KeptRows<'features'>> {
  const { length } = set.pixels;
  return keepRows(
    join(bench.out, 'features', space.name),
    {
      source: { features: 1, space: space.identity, images: set.pixels.identity },
      length,
      columns: { features: { shape: [space.width], dtype: 'F32' } },
      rowsPerFile: PER_FILE,
      async make(from, to) {
        const features = await space.extract(await readRange(set.pixels, from, to), set.size);
        bench.progress(`${space.name} features of ${set.name}`, to, length);
        const bad = features.findIndex((value) => !Number.isFinite(value));
        if (bad >= 0)
          throw new RangeError(
            `${space.name} features: image ${from + Math.floor(bad / space.width)} of ${set.name} gives ${features[bad]}`,
          );
        return { values: { features } };
      },
    },
    keepingOf(bench),
  );
}

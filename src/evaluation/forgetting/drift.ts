/** How far weights have moved, by part and layer. */

import { type FlatTree, flatten, type Tree } from '../../engine';
import type { Model } from '../../pipelines';

export interface Drift {
  readonly part: 'text encoder' | 'U-Net';
  /** Such as `encoder.layers.0` or `down_blocks.1`; `all` for the whole part. */
  readonly layer: string;
  /** |θ - θ₀| / |θ₀| over all weights of the layer. */
  readonly relative: number;
}

/** Copies of a model's weights that no training disposes: by part and path. */
export type Weights = Readonly<Record<Drift['part'], Readonly<Record<string, Float32Array>>>>;

const copied = (flat: FlatTree): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(flat).map(([path, leaf]) => [path, leaf.dataSync<'float32'>().slice()]));

export const weightsOf = ({ unet, textEncoder }: Model): Weights => ({
  'text encoder': copied(flatten(textEncoder.params as Tree)),
  'U-Net': copied(flatten(unet.params)),
});

/** The names that say where a weight is: up to the number of a block, without `text_model`. */
function layerOf(path: string): string {
  const names = path.split('.').filter((name) => name !== 'text_model');
  const number = names.findIndex((name) => /^\d+$/.test(name));
  return number >= 0 ? names.slice(0, number + 1).join('.') : names[0] === 'embeddings' ? names.slice(0, 2).join('.') : names[0]!;
}

/** @throws RangeError where a weight is missing or of another size */
export function driftOf(before: Weights, now: Weights): Drift[] {
  return (['text encoder', 'U-Net'] as const).flatMap((part) => {
    const sums = new Map<string, [moved: number, length: number]>();
    for (const [path, old] of Object.entries(before[part])) {
      const weights = now[part][path];
      if (weights?.length !== old.length)
        throw new RangeError(`drift: ${part}: ${path}: expected ${old.length} weights, got ${weights?.length ?? 'none'}`);
      let [moved, length] = [0, 0];
      for (let i = 0; i < old.length; i++) {
        moved += (weights[i]! - old[i]!) ** 2;
        length += old[i]! ** 2;
      }
      for (const layer of ['all', layerOf(path)]) {
        const sum = sums.get(layer) ?? [0, 0];
        sums.set(layer, [sum[0] + moved, sum[1] + length]);
      }
    }
    return [...sums].map(([layer, [moved, length]]) => ({ part, layer, relative: length > 0 ? Math.sqrt(moved / length) : 0 }));
  });
}

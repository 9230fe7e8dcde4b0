/** How near a set's images lie to the training part, beside how near real images of other patients do. */

import { foldIn, type Key } from '../../engine';
import { type Rows, rowsOf } from '../../files';
import { auroc } from '../../metrics';
import type { Bench } from '../bench';
import { bootstrapOfBoth, type Estimate } from '../estimate';
import { type FeatureSpace, featuresOf } from '../features';
import type { ImageSet } from '../image-set';
import type { Nearest } from './nearest';
import type { MemorisationRow } from './rows';

/** Features of a set as rows; those of the training part may be many. */
export async function rowsIn(bench: Bench, space: FeatureSpace, set: ImageSet): Promise<Rows> {
  const { values, columns } = await featuresOf(bench, space, set);
  return { ...rowsOf(values, columns), identity: `${space.identity}/${set.pixels.identity}` };
}

function quantile(values: ArrayLike<number>, fraction: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted[below]! + (at - below) * ((sorted[below + 1] ?? sorted[below]!) - sorted[below]!);
}

const valuesOf = (values: Float64Array, rows: Int32Array): Float64Array => Float64Array.from(rows, (row) => values[row]!);

/** @param baseline of real images of the test part */
export function nearnessRow(
  images: string,
  space: string,
  nearest: Nearest,
  baseline: Nearest,
  percentile: number,
  options: { key: Key; draws: number },
): MemorisationRow {
  const [a, b] = [nearest.distances, baseline.distances];
  const both = (statistic: (x: Float64Array, y: Float64Array) => number, number: number): Estimate =>
    bootstrapOfBoth([a.length, b.length], (some, others) => statistic(valuesOf(a, some), valuesOf(b, others)), {
      key: foldIn(options.key, number),
      draws: options.draws,
    });
  return {
    images,
    space,
    median: both((x) => quantile(x, 0.5), 0),
    realMedian: both((_, y) => quantile(y, 0.5), 1),
    ratio: both((x, y) => quantile(x, 0.5) / quantile(y, 0.5), 4),
    copyRate: both((x, y) => {
      const limit = quantile(y, percentile / 100);
      return x.filter((distance) => distance < limit).length / x.length;
    }, 2),
    nearer: both(
      (x, y) =>
        auroc(
          [...x, ...y].map((distance) => -distance),
          [...x.map(() => 1), ...y.map(() => 0)],
        ),
      3,
    ),
    nearest,
  };
}

/** How near each model's images lie to training images: the measure of `memorisation`, in pixels and ImageNet's features alone. */

import { foldIn, type Key } from '../../engine';
import type { Bench } from '../bench';
import { type FeatureSpace, featuresOf } from '../features';
import { realImages } from '../image-set';
import { nearestRows } from '../memorisation/nearest';
import { nearnessRow, rowsIn } from '../memorisation/nearness';
import type { MemorisationRow } from '../memorisation/rows';
import { chosenRows } from '../rows';
import type { DetailImages } from './images';

/** Per cent of real images of other patients that count as copies. */
export const PERCENTILE = 5;

/** @param training how many images of the training part they are compared with */
export async function copyRows(
  bench: Bench,
  { real, models, cases }: DetailImages,
  space: FeatureSpace,
  training: number,
  { key, draws }: { key: Key; draws: number },
): Promise<MemorisationRow[]> {
  const among = await rowsIn(bench, space, await realImages(bench, 'train', training));
  const nearest = async (set: typeof real) =>
    nearestRows(chosenRows(await featuresOf(bench, space, set), cases), among, { ...(bench.signal && { signal: bench.signal }) });
  const baseline = await nearest(real);
  const rows: MemorisationRow[] = [];
  for (const [i, { name, generated }] of models.entries())
    rows.push(nearnessRow(name, space.name, await nearest(generated), baseline, PERCENTILE, { key: foldIn(key, i), draws }));
  return rows;
}

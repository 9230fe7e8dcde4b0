/** How far each stage's images are from real ones of other patients, as sets. */

import { foldIn, type Key } from '../../engine';
import type { Features } from '../../metrics';
import { frechetDistance } from '../../metrics';
import type { Bench } from '../bench';
import { kernelDistanceEstimate } from '../distances';
import { bootstrapErrorOfBoth } from '../estimate';
import { type FeatureSpace, featuresOf } from '../features';
import type { ImageSet } from '../image-set';
import { twoSampleTest } from '../networks/two-sample';
import { chosenRows } from '../rows';
import { type DetailImages, pixelsOf } from './images';
import type { DetailSetRow, DetailStage, DetailToldRow } from './rows';

/** Two sets of different patients. */
export interface Compared {
  readonly model?: string;
  readonly stage: DetailStage;
  /** Whose reference rows are compared with the cases of `images`. */
  readonly against: ImageSet;
  readonly images: ImageSet;
}

/** All that are compared, in the order of tables: the control first. */
export function comparisons({ real, models }: DetailImages): Compared[] {
  return [
    { stage: 'real', against: real, images: real },
    ...models.flatMap(({ name: model, autoencoder, generated }): Compared[] => [
      ...(autoencoder ? [{ model, stage: 'autoencoder' as const, against: real, images: autoencoder }] : []),
      { model, stage: 'generated', against: real, images: generated },
      ...(autoencoder ? [{ model, stage: 'diffusion' as const, against: autoencoder, images: generated }] : []),
    ]),
  ];
}

/** FID and KID of each in a space. */
export async function setRows(bench: Bench, images: DetailImages, space: FeatureSpace, key: Key, draws: number): Promise<DetailSetRow[]> {
  const { cases, reference } = images;
  const known = new Map<ImageSet, Features>();
  const features = async (set: ImageSet): Promise<Features> => {
    const own = known.get(set) ?? (await featuresOf(bench, space, set));
    known.set(set, own);
    return own;
  };
  const rows: DetailSetRow[] = [];
  for (const { model, stage, against, images: set } of comparisons(images)) {
    const [a, b] = [chosenRows(await features(against), reference), chosenRows(await features(set), cases)];
    rows.push({
      ...(model !== undefined && { model }),
      stage,
      space: space.name,
      count: b.rows,
      fid: await bootstrapErrorOfBoth([a.rows, b.rows], (some, others) => frechetDistance(chosenRows(a, some), chosenRows(b, others)), {
        key: foldIn(key, 0),
        draws,
        ...(bench.signal && { signal: bench.signal }),
      }),
      kid: kernelDistanceEstimate(a, b, { key: foldIn(key, 1) }),
    });
  }
  return rows;
}

/** Whether a network of random weights tells them apart on images that it has not seen. */
export async function toldRows(bench: Bench, images: DetailImages, key: Key, steps: number): Promise<DetailToldRow[]> {
  const { cases, reference, patients } = images;
  const all = comparisons(images);
  const rows: DetailToldRow[] = [];
  for (const [i, { model, stage, against, images: set }] of all.entries()) {
    const {
      accuracy,
      auroc,
      images: count,
    } = await twoSampleTest(await pixelsOf(against, reference), await pixelsOf(set, cases), bench.size, {
      key,
      steps,
      groups: [Array.from(reference, (row) => patients[row]!), Array.from(cases, (row) => patients[row]!)],
      ...(bench.signal && { signal: bench.signal }),
      onProgress: (done, total) => bench.progress('two-sample networks', i * total + done, all.length * total),
    });
    rows.push({ ...(model !== undefined && { model }), stage, count, accuracy, auroc });
  }
  return rows;
}

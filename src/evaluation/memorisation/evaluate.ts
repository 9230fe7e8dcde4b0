/** Whether a model copies images that it was trained on: how near its images lie to them, beside how near real images of other patients do. */

import { foldIn, type Key, randomInts, split } from '../../engine';
import { normalArray } from '../../engine/internal';
import { rowsOf } from '../../files';
import { readRange } from '../../files/internal';
import { auroc, type Features } from '../../metrics';
import type { Bench } from '../bench';
import { bootstrap, type Estimate } from '../estimate';
import { type FeatureSpace, featuresOf } from '../features';
import { generatedImages, type ImageSet, realImages } from '../image-set';
import { patientsOfSeveral, samePatientSpace } from '../networks/same-patient';
import type { EvaluationResult } from '../result';
import { chosenRows } from '../rows';
import { chestSpace } from '../spaces/chest';
import { type Nearest, nearestRows } from './nearest';
import { nearnessRow, rowsIn } from './nearness';
import { pixelSpace } from './pixel-space';
import type { ClosestPair, MemorisationRow } from './rows';
import { memorisationFigures, memorisationTables } from './tables';

export interface MemorisationOptions {
  /** Besides that of pixels and of patients; by default the chest classifier's. The caller disposes its own. */
  readonly spaces?: readonly FeatureSpace[];
  /** Real images of other patients that are nearer to the training part than a copy is not: the percentile of theirs below which an image counts as a copy. Default 5. */
  readonly percentile?: number;
}

export interface MemorisationResult extends EvaluationResult {
  readonly rows: readonly MemorisationRow[];
  /** How well the network that knows patients tells two images of one patient from two of others, of the test part; null where it could not be trained or tested. */
  readonly samePatient: Estimate | null;
}

/** Images of the control: training images with noise, as a model that copies would make them. */
const COPIES = 64;
const COPY_NOISE = 0.01;
/** Pairs of one patient, and as many of different ones, that the network is tested on. */
const MOST_PAIRS = 2000;
const DRAWS = { quick: 200, whole: 1000 } as const;

/**
 * The nearest training image of each image that a model makes: in pixels, in a feature space, and in that of a network trained to tell whether two images show one
 * patient. A real image of another patient is near to some training image too: that is what models are compared with.
 */
export async function evaluateMemorisation(bench: Bench, options: MemorisationOptions = {}): Promise<MemorisationResult> {
  const { percentile = 5 } = options;
  if (!(percentile > 0 && percentile < 100))
    throw new RangeError(`evaluateMemorisation: percentile: expected a number above 0 and below 100, got ${percentile}`);
  const train = await realImages(bench, 'train', bench.train.length);
  const test = await realImages(bench, 'test');
  const [copying, drawing] = split(foldIn(bench.key, 0x3e30), 2) as [Key, Key];
  const sets: ImageSet[] = [];
  for (const model of bench.models) sets.push(await generatedImages(bench, model));
  const control = await noisyCopies(train, copying);
  const notes = [
    `A real image of another patient counts as a copy ${percentile} times in 100 by definition: a copy rate is high where its interval is above that.`,
    `${test.pixels.length} real images of the test part set that limit, against ${train.pixels.length} training images.`,
  ];
  const own: FeatureSpace[] = [];
  try {
    if (!options.spaces) own.push(await chestSpace(bench));
    const identified = await samePatientSpace(bench).catch((error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
      notes.push(`There is no re-identification: ${error.message}.`);
      return undefined;
    });
    const spaces = [pixelSpace(bench.size), ...(options.spaces ?? own), ...(identified ? [identified] : [])];
    if (identified) own.push(identified);
    const rows: MemorisationRow[] = [];
    const pairs: ClosestPair[] = [];
    const baselines: { space: string; distances: Float64Array }[] = [];
    for (const [s, space] of spaces.entries()) {
      const among = await rowsIn(bench, space, train);
      const nearest = async (set: ImageSet): Promise<Nearest> =>
        nearestRows(await featuresOf(bench, space, set), among, {
          ...(bench.signal && { signal: bench.signal }),
          onProgress: (done, total) => bench.progress(`nearest training images of ${set.name} by ${space.name}`, done, total),
        });
      const baseline = await nearest(test);
      baselines.push({ space: space.name, distances: baseline.distances });
      for (const [i, set] of [...sets, control].entries()) {
        const found = await nearest(set);
        rows.push(
          nearnessRow(set.name, space.name, found, baseline, percentile, {
            key: foldIn(foldIn(drawing, s), i),
            draws: DRAWS[bench.quick ? 'quick' : 'whole'],
          }),
        );
        if (set !== control) pairs.push(...(await closest(set, train, space.name, found)));
      }
    }
    const samePatient = identified ? await verified(bench, identified, notes, foldIn(drawing, 99)) : null;
    return {
      evaluation: 'memorisation',
      title: 'Nearest training images: does the model copy?',
      paper: 'not in the paper',
      rows,
      samePatient,
      tables: memorisationTables(rows, samePatient, percentile, DRAWS[bench.quick ? 'quick' : 'whole']),
      figures: memorisationFigures(rows, baselines, pairs, bench.size),
      definitions: {
        'nearest distance': 'Euclidean distance in the space to the nearest image of the training part (v1)',
        'copy rate': `share of images whose nearest distance is below percentile ${percentile} of the nearest distances of real images of the test part, whose patients are others (v1)`,
        nearer:
          'area under the curve of nearest distances, images against real images of the test part: 0.5 where both are as near, 1 where every image is nearer (v1)',
        're-identification':
          'copy rate in the space of the network that knows patients: the share of images that look more like one training patient than other people do (v1)',
        'same patient':
          "area under the curve of that network's cosines, pairs of one patient's images against pairs of two patients', of the test part (v1)",
        'control: noisy copies': `${COPIES} training images with normal noise of ${COPY_NOISE}: what copies look like to each measure (v1)`,
        ...Object.fromEntries(spaces.map(({ name, definition }) => [`space ${name}`, definition])),
      },
      notes,
    };
  } finally {
    for (const space of own) space.dispose();
  }
}

async function noisyCopies(train: ImageSet, key: Key): Promise<ImageSet> {
  const area = train.size ** 2;
  const [which, noise] = split(key, 2) as [Key, Key];
  const chosen = randomInts(which, Math.min(COPIES, train.pixels.length), 0, train.pixels.length);
  const pixels = await train.pixels.read(chosen);
  const grain = normalArray(noise, pixels.length);
  return {
    name: 'control: noisy copies',
    pixels: rowsOf(
      pixels.map((value, i) => Math.min(1, Math.max(0, value + COPY_NOISE * grain[i]!))),
      area,
    ),
    size: train.size,
    records: Array.from(chosen, (row) => train.records[row]!),
  };
}

/** How many pairs are shown. */
const SHOWN = 4;

async function closest(set: ImageSet, train: ImageSet, space: string, { distances, rows }: Nearest): Promise<ClosestPair[]> {
  const order = Array.from(distances, (_, i) => i).sort((i, j) => distances[i]! - distances[j]!);
  return Promise.all(
    order.slice(0, SHOWN).map(async (i) => ({
      images: set.name,
      space,
      distance: distances[i]!,
      made: await readRange(set.pixels, i, i + 1),
      trained: await readRange(train.pixels, rows[i]!, rows[i]! + 1),
    })),
  );
}

/** How well the network knows patients of the test part, whom it has not seen. */
async function verified(bench: Bench, space: FeatureSpace, notes: string[], key: Key): Promise<Estimate | null> {
  const test = await realImages(bench, 'test', bench.test.length);
  const patients = test.records.map(({ patient }) => patient);
  const alike = patientsOfSeveral(patients)
    .flatMap((rows) => rows.slice(1).map((row, i) => [rows[i]!, row] as const))
    .slice(0, MOST_PAIRS);
  if (alike.length < 10) {
    notes.push(`The network that knows patients is not tested: ${alike.length} pairs of the test part show one patient, 10 are needed.`);
    return null;
  }
  const features: Features = await featuresOf(bench, space, test);
  const drawn = randomInts(foldIn(key, 0), 4 * alike.length, 0, patients.length);
  const others: (readonly [number, number])[] = [];
  for (let i = 0; i + 1 < drawn.length && others.length < alike.length; i += 2)
    if (patients[drawn[i]!] !== patients[drawn[i + 1]!]) others.push([drawn[i]!, drawn[i + 1]!]);
  const cosines = [...alike, ...others].map(([i, j]) => {
    const { values, columns } = chosenRows(features, [i, j]);
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += values[k]! * values[columns + k]!;
    return sum;
  });
  const of = (rows: Int32Array): number =>
    auroc(
      Array.from(rows, (row) => cosines[row]!),
      Array.from(rows, (row) => (row < alike.length ? 1 : 0)),
    );
  return bootstrap(cosines.length, of, { key: foldIn(key, 1), draws: DRAWS[bench.quick ? 'quick' : 'whole'] });
}

/** Registration against known maps, and CMIG with its components against scikit-learn and scipy. */

import { join } from 'node:path';
import { readImage } from '../files';
import { readJson } from '../files/internal';
import type { GreyImage } from '../imaging';
import {
  type AffineMap,
  ageCorrelation,
  cmig,
  groupAuc,
  invertMap,
  type MapKind,
  mapPoint,
  pathologyAuc,
  registerImages,
  warp,
} from '../systems';
import { type Checker, type Measure, Unsupported } from './checker';
import { has } from './fixture';
import { absolute } from './measure';

interface Pair {
  readonly name: string;
  readonly kind: MapKind;
  /** The moving image's greys are gain · fixed + offset, with noise. */
  readonly gain: number;
  readonly offset: number;
  /** Of the moving image, x and y, first the upper two from left to right. */
  readonly corners_of_moving_in_fixed: readonly (readonly [number, number])[];
  readonly mean_absolute_error: { readonly limit: number };
  readonly corner_error_limit_pixels: number;
}

interface CmigCase {
  readonly labels?: readonly (readonly number[])[];
  readonly scores?: readonly (readonly number[])[];
  readonly race?: readonly number[];
  readonly race_probabilities?: readonly (readonly number[])[];
  readonly age?: readonly number[];
  readonly age_predicted?: readonly number[];
  readonly path_auc_by_class?: readonly (number | null)[];
  readonly race_auc_by_class?: readonly number[];
  readonly path_auc: number;
  readonly race_auc: number;
  readonly age_correlation: number;
  readonly cmig: number;
}

const CMIG = 'cmig';
const REGISTRATION = 'registration';
/** Of scikit-learn and scipy. */
const EXACT = 1e-9;

async function readGrey(path: string): Promise<GreyImage<Float32Array>> {
  const { width, height, channels, data } = await readImage(path);
  if (channels !== 1) throw new Unsupported(`an image of ${channels} channels`);
  return { width, height, data: Float32Array.from(data, (value) => value / 255) };
}

/** How far the corners are from where they belong, pixels of the fixed image. */
function cornerErrors({ width, height }: GreyImage, movingToFixed: AffineMap, want: Pair['corners_of_moving_in_fixed']): number[] {
  const [right, bottom] = [width - 1, height - 1];
  const corners = [
    [0, 0],
    [right, 0],
    [0, bottom],
    [right, bottom],
  ] as const;
  return corners.map(([x, y], i) => {
    const [gotX, gotY] = mapPoint(movingToFixed, x, y);
    return Math.hypot(gotX - want[i]![0], gotY - want[i]![1]);
  });
}

async function* checkPair(folder: string, pair: Pair): AsyncGenerator<Measure> {
  const [fixed, moving] = [await readGrey(join(folder, `${pair.name}_fixed.png`)), await readGrey(join(folder, `${pair.name}_moving.png`))];
  const { map } = registerImages(fixed, moving, pair.kind);
  const errors = cornerErrors(moving, invertMap(map), pair.corners_of_moving_in_fixed);
  const none = errors.map(() => 0);
  yield absolute('corners (pixels)', errors, none, pair.corner_error_limit_pixels);
  const { data, inside } = warp(moving, map, fixed);
  let [sum, count] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    if (!inside[i]) continue;
    sum += Math.abs((data[i]! - pair.offset) / pair.gain - fixed.data[i]!);
    count++;
  }
  yield absolute('mean absolute error of the greys', [sum / count], [0], pair.mean_absolute_error.limit);
}

function* checkCmig(cases: readonly CmigCase[]): Generator<Measure> {
  const known = (values: readonly (number | null)[]): number[] => values.map((value) => value ?? -1);
  const measured = (values: readonly number[]): number[] => values.map((value) => (Number.isNaN(value) ? -1 : value));
  for (const [i, one] of cases.entries()) {
    const said = { pathologyAuc: one.path_auc, groupAuc: one.race_auc, ageCorrelation: one.age_correlation };
    yield absolute(`${i}: CMIG of the components`, [cmig(said)], [one.cmig], EXACT);
    if (!one.labels || !one.scores || !one.race || !one.race_probabilities || !one.age || !one.age_predicted) continue;
    const [pathology, group] = [pathologyAuc(one.labels, one.scores), groupAuc(one.race, one.race_probabilities)];
    const components = {
      pathologyAuc: pathology.mean,
      groupAuc: group.mean,
      ageCorrelation: ageCorrelation(one.age, one.age_predicted),
    };
    if (one.path_auc_by_class)
      yield absolute(`${i}: areas of pathologies`, measured(pathology.byClass), known(one.path_auc_by_class), EXACT);
    if (one.race_auc_by_class) yield absolute(`${i}: areas of groups`, measured(group.byClass), known(one.race_auc_by_class), EXACT);
    yield absolute(`${i}: components`, Object.values(components), Object.values(said), EXACT);
    yield absolute(`${i}: CMIG`, [cmig(components)], [one.cmig], EXACT);
  }
}

const pairsOf = async (folder: string): Promise<readonly Pair[]> =>
  has(join(folder, REGISTRATION), 'cases.json') ? (await readJson<{ pairs: Pair[] }>(join(folder, REGISTRATION, 'cases.json'))).pairs : [];

export const editingChecker: Checker = {
  component: 'editing',

  async cases(folder) {
    const pairs = (await pairsOf(folder)).map(({ name }) => `${REGISTRATION}/${name}`);
    return [...(has(folder, `${CMIG}.json`) ? [CMIG] : []), ...pairs];
  },

  async *check(folder, name) {
    if (name === CMIG) yield* checkCmig((await readJson<{ cases: CmigCase[] }>(join(folder, `${CMIG}.json`))).cases);
    else {
      const pair = (await pairsOf(folder)).find((each) => `${REGISTRATION}/${each.name}` === name);
      if (pair) yield* checkPair(join(folder, REGISTRATION), pair);
    }
  },
};

/** Distances of sets of features against scipy, torchmetrics and prdc. */

import { join } from 'node:path';
import { readSafetensors } from '../files';
import { type Features, frechetDistance, kernelDistance, manifoldMeasures } from '../metrics';
import type { Checker, Measure } from './checker';
import { type Fixture, has } from './fixture';
import { absolute, exact, relative, unsupported } from './measure';
import { fileChecker } from './one-file';

const [FULL_RANK, DEFICIENT] = [1e-6, 1e-4];
const KERNEL = 1e-6;

type Case = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

function featuresOf(fixture: Fixture, name: string): Features {
  const { shape, data } = fixture[name]!;
  return { values: data as Float32Array, rows: shape[0]!, columns: shape[1]! };
}

const first = ({ values, columns }: Features, rows: number): Features => ({ values: values.subarray(0, rows * columns), rows, columns });

function checkOne(column: string, want: Case[string], spec: Case, real: Features, fake: Features, isFull: boolean): Measure[] {
  const tolerance = isFull ? FULL_RANK : DEFICIENT;
  const neighbours = /^prdc_k(\d+)$/.exec(column)?.[1];
  if (neighbours !== undefined && typeof want === 'object') {
    const got = manifoldMeasures(real, fake, Number(neighbours)) as unknown as Readonly<Record<string, number>>;
    const names = Object.keys(want);
    return [
      exact(
        `${names.join(', ')}, k = ${neighbours}`,
        names.map((key) => round(got[key]!)),
        names.map((key) => round(want[key]!)),
      ),
    ];
  }
  if (typeof want !== 'number' || column === 'kid_equal_n') return [];
  if (column === 'frechet_real_real') return [absolute(column, [frechetDistance(real, real)], [want], tolerance)];
  if (column.startsWith('frechet_')) return [relative(column, frechetDistance(real, fake), want, tolerance)];
  if (column === 'kid_unbiased_all') return [relative(column, kernelDistance(real, fake), want, KERNEL)];
  const rows = spec.kid_equal_n as number;
  return [
    column === 'kid_unbiased_equal_n'
      ? relative(column, kernelDistance(first(real, rows), first(fake, rows)), want, KERNEL)
      : unsupported(column),
  ];
}

/** Shares of counts differ in their last digit by the order of divisions. */
const round = (value: number): number => Math.round(value * 1e12) / 1e12;

/** Whether a covariance of these rows can have full rank. */
const isFullRank = (name: string, { rows, columns }: Features): boolean => rows > columns && !/low_rank|deficient/.test(name);

async function* checkFeatures({ cases }: { readonly cases: Readonly<Record<string, Case>> }, folder: string): AsyncGenerator<Measure> {
  const fixture = has(folder, 'features.safetensors') ? await readSafetensors(join(folder, 'features.safetensors')) : {};
  for (const [name, spec] of Object.entries(cases)) {
    const [real, fake] = [featuresOf(fixture, `${name}.real`), featuresOf(fixture, `${name}.fake`)];
    const isFull = isFullRank(name, real) && isFullRank(name, fake);
    for (const [column, want] of Object.entries(spec))
      for (const measure of checkOne(column, want, spec, real, fake, isFull))
        yield { ...measure, quantity: `${name}: ${measure.quantity}` };
  }
}

export const metricsFeaturesChecker: Checker = fileChecker('metrics', { features: checkFeatures });

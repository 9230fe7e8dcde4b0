/** The parts of DRR-RATE's evaluation, each a table or two: pairs of domains, folds, the lateral view, and causes of the gap. */

import {
  CAUSES,
  type Domain,
  type DomainImages,
  type DomainParts,
  type DrrRateRecipe,
  type FoldBy,
  foldsOf,
  type LearntImages,
  leakOf,
  phantomReconstructions,
} from '../../systems';
import type { Draws } from '../estimate';
import type { Cell, ResultTable } from '../result';
import { differenceOn, MEAN, type MeasuredLabel, meanAurocOn, measureLabels, type Scored } from './measure';
import { scoresOf, type TrainingPlace } from './networks';

export interface PartOptions extends TrainingPlace {
  readonly domains: Readonly<Record<Domain, DomainParts>>;
  readonly bootstrap: Draws;
}

export const intervalsOf = ({ draws }: Draws): string => `95% bootstrap over patients, ${draws} draws`;

/** Names of what is learnt from, and of what is measured on. */
const LEARNT: Readonly<Record<string, readonly Domain[]>> = { DRR: ['drr'], 'X-ray': ['x-ray'], mixed: ['drr', 'x-ray'] };
const MEASURED: Readonly<Record<string, Domain>> = { DRR: 'drr', 'X-ray': 'x-ray' };

/** By pair, such as `X-ray → DRR`. */
export type Pairs = Readonly<Record<string, Scored>>;

/** Networks of reconstructions, of radiographs and of both, each on both. */
export async function pairsPart(options: PartOptions): Promise<{ readonly pairs: Pairs; readonly tables: ResultTable[] }> {
  const { domains, bootstrap } = options;
  const pairs: Record<string, Scored> = {};
  for (const [name, learnt] of Object.entries(LEARNT)) {
    const sets = learnt.map((domain): LearntImages => ({ images: domains[domain].train }));
    const tests = Object.values(MEASURED).map((domain) => ({ images: domains[domain].test }));
    const scored = await scoresOf(options, name, sets, ['AP'], tests);
    for (const [i, other] of Object.keys(MEASURED).entries()) pairs[`${name} → ${other}`] = scored[i]!;
  }
  const measured = Object.fromEntries(Object.entries(pairs).map(([name, scored]) => [name, measureLabels(scored, bootstrap)]));
  const counts = Object.entries(MEASURED).map(([name, domain]) => `${domains[domain].test.images.length} ${name} images`);
  return {
    pairs,
    tables: [
      labelTable('drr-rate-auroc', `AUROC: learnt from → measured on ${counts.join(' and ')}`, measured, 'auroc', bootstrap),
      labelTable('drr-rate-average-precision', 'Average precision, of the same', measured, 'averagePrecision', bootstrap),
      prevalenceTable(measured),
    ],
  };
}

function labelTable(
  name: string,
  title: string,
  columns: Readonly<Record<string, readonly MeasuredLabel[]>>,
  measure: 'auroc' | 'averagePrecision',
  bootstrap: Draws,
): ResultTable {
  return {
    name,
    title,
    intervals: intervalsOf(bootstrap),
    rows: labelsOf(columns).map((label) => ({
      label,
      ...Object.fromEntries(
        Object.entries(columns).map(([column, measures]): [string, Cell] => [
          column,
          measures.find((one) => one.label === label)?.[measure] ?? null,
        ]),
      ),
    })),
  };
}

/** The labels of all columns, their mean last. */
const labelsOf = (columns: Readonly<Record<string, readonly MeasuredLabel[]>>): string[] => [
  ...new Set(Object.values(columns).flatMap((measures) => measures.flatMap(({ label }) => (label === MEAN ? [] : [label])))),
  MEAN,
];

function prevalenceTable(measured: Readonly<Record<string, readonly MeasuredLabel[]>>): ResultTable {
  const of = (pair: string, label: string): Cell => measured[pair]?.find((one) => one.label === label)?.prevalence ?? null;
  return {
    name: 'drr-rate-prevalence',
    title: 'Share of the images that show a label, which a network at random has as its average precision',
    rows: labelsOf(measured)
      .filter((label) => label !== MEAN)
      .map((label) => ({ label, DRR: of('mixed → DRR', label), 'X-ray': of('mixed → X-ray', label) })),
  };
}

/** Folds of the reconstructions to learn from: each image is measured by the network that did not learn from it. */
export async function foldsPart(
  options: PartOptions,
): Promise<{ readonly byImage: Scored; readonly byPatient: Scored; readonly tables: ResultTable[] }> {
  const { recipe, domains, bootstrap } = options;
  const { train } = domains.drr;
  const rows: Readonly<Record<string, Cell>>[] = [];
  const held: Partial<Record<FoldBy, Scored>> = {};
  for (const by of ['image', 'patient'] as const) {
    const folds = foldsOf(train, by, recipe.folds);
    const all: { labels: readonly string[]; scores: Float32Array } = { labels: [], scores: new Float32Array() };
    const means: number[] = [];
    for (const [n, fold] of folds.entries()) {
      const sets = [{ images: train, rows: fold.training }];
      const [scored] = await scoresOf(
        options,
        `fold ${n + 1} of ${folds.length} by ${by}`,
        sets,
        ['AP'],
        [{ images: train, rows: fold.heldOut }],
      );
      const { labels, scores } = scored!;
      if (n === 0) Object.assign(all, { labels, scores: new Float32Array(train.images.length * labels.length) });
      fold.heldOut.forEach((row, i) => {
        for (let k = 0; k < labels.length; k++) all.scores[row * labels.length + k] = scores[i * labels.length + k]!;
      });
      means.push(meanAurocOn(scored!, scored!.images.keys()));
    }
    held[by] = { images: train.images, ...all };
    const mean = means.reduce((a, b) => a + b, 0) / means.length;
    rows.push({
      folds: `by ${by}`,
      'held-out images whose patient was learnt from, %': (100 / folds.length) * folds.reduce((sum, fold) => sum + leakOf(train, fold), 0),
      'mean AUROC of the folds': mean,
      'its standard deviation': Math.sqrt(means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (means.length - 1)),
    });
  }
  const [byImage, byPatient] = [held.image!, held.patient!];
  return {
    byImage,
    byPatient,
    tables: [
      {
        name: 'drr-rate-folds',
        title: `${recipe.folds} folds of ${train.images.length} reconstructions, mean AUROC of the six labels`,
        rows,
      },
      comparedTable(
        'drr-rate-leak',
        'AUROC of held-out reconstructions of all folds',
        { 'by image': byImage, 'by patient': byPatient },
        bootstrap,
      ),
    ],
  };
}

/** Two networks on the same images, and the first less the second. */
function comparedTable(name: string, title: string, two: Readonly<Record<string, Scored>>, bootstrap: Draws): ResultTable {
  const [a, b] = Object.values(two) as [Scored, Scored];
  const columns = Object.fromEntries(Object.entries(two).map(([column, scored]) => [column, measureLabels(scored, bootstrap)]));
  const table = labelTable(name, title, columns, 'auroc', bootstrap);
  return {
    ...table,
    rows: table.rows.map((row) => ({
      ...row,
      difference: differenceOn(a, b, bootstrap, row.label === MEAN ? undefined : [String(row.label)]),
    })),
  };
}

/** The lateral view as a second input. */
export async function lateralPart(
  options: PartOptions,
): Promise<{ readonly two: Scored; readonly one: Scored; readonly tables: ResultTable[] }> {
  const { domains, bootstrap } = options;
  const { train, test } = domains.drr;
  const [[one], [two]] = [
    await scoresOf(options, 'DRR', [{ images: train }], ['AP'], [{ images: test }]),
    await scoresOf(options, 'DRR, two views', [{ images: train }], ['AP', 'LATERAL'], [{ images: test }]),
  ];
  const compared = { 'AP and LATERAL': two!, AP: one! };
  return {
    two: two!,
    one: one!,
    tables: [comparedTable('drr-rate-lateral', 'AUROC of reconstructions, with a lateral view and without', compared, bootstrap)],
  };
}

/** The networks of one domain on reconstructions made in other ways: what of a radiograph they lack. The phantom's alone, whose volumes are there. */
export async function causesPart(options: PartOptions & { readonly recipe: DrrRateRecipe }): Promise<ResultTable[]> {
  const { recipe, domains, bootstrap, signal, onProgress } = options;
  const sets: { readonly name: string; readonly images: DomainImages }[] = [];
  for (const [name, way] of Object.entries(CAUSES)) {
    const { size } = recipe;
    const progress = (done: number, total: number): void => onProgress?.(`reconstructions: ${name}`, done, total);
    const images = await phantomReconstructions(recipe.phantom, 'test', { size, ...(signal && { signal }), onProgress: progress }, way);
    sets.push({ name, images });
  }
  const of = (name: string, domain: Domain) => scoresOf(options, name, [{ images: domains[domain].train }], ['AP'], sets);
  const [xray, drr] = [await of('X-ray', 'x-ray'), await of('DRR', 'drr')];
  return [
    {
      name: 'drr-rate-causes',
      title: 'Mean AUROC of the six labels on reconstructions of the same patients, by how they are made',
      intervals: intervalsOf(bootstrap),
      rows: sets.map(({ name }, i) => ({
        reconstructions: name,
        'learnt from X-ray': lastOf(xray[i]!, bootstrap),
        'less the first row': i === 0 ? null : differenceOn(xray[i]!, xray[0]!, bootstrap),
        'learnt from DRR': lastOf(drr[i]!, bootstrap),
      })),
    },
  ];
}

const lastOf = (scored: Scored, bootstrap: Draws): Cell => measureLabels(scored, bootstrap).at(-1)!.auroc;

/** Whether a model serves groups of patients alike: outcomes by sex, age, view and what else records say. */

import { barFigure } from '../../display';
import { dispose, foldIn, type Key, split } from '../../engine';
import { type Features, frechetDistance, kernelDistance } from '../../metrics';
import type { Bench } from '../bench';
import { aurocOfDraws } from '../classification/auroc-of-draws';
import { matchLabels } from '../classification/labels';
import { type LabelColumn, labelColumns } from '../classification/measure';
import { meanOver } from '../estimate';
import { type FeatureSpace, featuresOf } from '../features';
import { generatedImages, type ImageSet, realImages } from '../image-set';
import { type ChestClassifier, chestClassifier } from '../networks/chest-classifier';
import { readAnswers } from '../networks/image-classifier';
import type { EvaluationResult, ResultFigure } from '../result';
import { chosenRows } from '../rows';
import { msSsimDefinition, severalOfAll } from '../several-of-a-prompt';
import { chestSpace } from '../spaces/chest';
import { type Subgroup, subgroupsOf } from './divisions';
import { type GroupOptions, type GroupOutcome, type OutcomeByGroup, type OutcomeGap, outcomeByGroup } from './gaps';

export interface SubgroupsOptions {
  /** By default the chest classifier's; the caller disposes its own. */
  readonly space?: FeatureSpace;
  /** Images of a group below which it is named and left out. Default 20. */
  readonly least?: number;
}

/** Of one set of images: `real` or a model's name. */
export interface SubgroupRow extends GroupOutcome {
  readonly set: string;
  readonly outcome: string;
}

export interface SubgroupGap extends OutcomeGap {
  readonly set: string;
  readonly outcome: string;
}

export interface SubgroupsResult extends EvaluationResult {
  readonly rows: readonly SubgroupRow[];
  readonly gaps: readonly SubgroupGap[];
}

const DRAWS = { quick: 100, whole: 500 } as const;

/** Mean AUROC, KID, Fréchet distance and MS-SSIM in each group, with the gaps between groups. */
export async function evaluateSubgroups(bench: Bench, options: SubgroupsOptions = {}): Promise<SubgroupsResult> {
  const { least = 20 } = options;
  const draws = DRAWS[bench.quick ? 'quick' : 'whole'];
  const notes: string[] = [];
  const groups = largeEnough(subgroupsOf(bench.records), least, 'prompts', notes);
  if (groups.length === 0) notes.push(`No group of ${least} images is there: nothing is measured.`);
  const [areas, distances, likeness] = split(foldIn(bench.key, 0x5b6), 3) as [Key, Key, Key];
  const real = await realImages(bench, 'test');
  const sets: ImageSet[] = [real];
  for (const model of bench.models) sets.push(await generatedImages(bench, model));
  const rows: SubgroupRow[] = [];
  const gaps: SubgroupGap[] = [];
  const signal = bench.signal && { signal: bench.signal };
  const add = (set: string, outcome: string, found: OutcomeByGroup): void => {
    rows.push(...found.rows.map((row) => ({ set, outcome, ...row })));
    gaps.push(...found.gaps.map((gap) => ({ set, outcome, ...gap })));
  };

  const classifier = await labelledClassifier(bench, notes);
  if (classifier) {
    const { network, size } = classifier;
    try {
      const { matched } = matchLabels(
        bench.test.findings,
        network.heads.map(({ name }) => name),
      );
      for (const [s, set] of sets.entries()) {
        const columns = labelColumns(matched, await readAnswers(bench, network, size, set), set);
        add(set.name, 'AUROC', await outcomeByGroup(groups, meanAuroc(columns), { key: foldIn(areas, s), draws, ...signal }));
        bench.progress('subgroups: AUROC', s + 1, sets.length);
      }
    } finally {
      dispose(network.params);
    }
  }

  const space = options.space ?? (await chestSpace(bench));
  const fewest = Math.min(...groups.map(({ rows: own }) => own.length));
  if (groups.length > 0 && fewest <= space.width)
    notes.push(
      `FID is of ${fewest} images in each group, not more than the ${space.width} features are wide: it is dominated by their number; compare groups, and trust KID more.`,
    );
  try {
    const reference = await featuresOf(bench, space, real);
    for (const [s, set] of sets.slice(1).entries()) {
      const features = await featuresOf(bench, space, set);
      const both = (chosen: Int32Array): [Features, Features] => [chosenRows(reference, chosen), chosenRows(features, chosen)];
      const drawing = (number: number): GroupOptions => ({
        key: foldIn(foldIn(distances, s), number),
        draws,
        centred: true,
        ...signal,
      });
      add(set.name, 'KID', await outcomeByGroup(groups, (chosen) => kernelDistance(...both(chosen)), drawing(0)));
      const ofFewest = (chosen: Int32Array): number => frechetDistance(...both(chosen.slice(0, fewest)));
      add(set.name, 'FID', await outcomeByGroup(groups, ofFewest, drawing(1)));
      bench.progress('subgroups: distances', s + 1, sets.length - 1);
    }
  } finally {
    if (!options.space) space.dispose();
  }

  const several = await severalOfAll(bench, notes);
  for (const [m, { model, byPrompt }] of several.entries()) {
    const own = largeEnough(subgroupsOf(bench.records.slice(0, byPrompt.length)), Math.ceil(least / 4), 'prompts of several images', notes);
    add(model.name, 'MS-SSIM', await outcomeByGroup(own, meanOver(byPrompt), { key: foldIn(likeness, m), draws, ...signal }));
  }

  const intervals = `95% bootstrap over images within each group, ${draws} draws`;
  return {
    evaluation: 'subgroups',
    title: 'By sex, age, view and other groups',
    paper: 'not in the paper',
    rows,
    gaps,
    tables: [
      {
        name: 'groups',
        title: 'Outcomes by group',
        intervals,
        rows: rows.map(({ set, outcome, division, group, images, value }) => ({
          images: set,
          outcome,
          by: division,
          group,
          number: images,
          value,
        })),
      },
      {
        name: 'gaps',
        title: 'Gaps between the highest and the lowest group',
        intervals,
        rows: gaps.map(({ set, outcome, division, highest, lowest, gap }) => ({
          images: set,
          outcome,
          by: division,
          highest,
          lowest,
          gap,
        })),
      },
    ],
    figures: figuresOf(rows),
    definitions: {
      AUROC: `mean over labels that the group has both with and without${classifier ? `, by ${classifier.definition}` : ''}; of generated images against what was asked for (v2)`,
      KID: `squared maximum mean discrepancy between real images of the group and images of its prompts, without bias: groups of different sizes compare; space ${space.name} (v1)`,
      FID: `Fréchet distance between the same, of as many images as the smallest group has, since it falls with their number; space ${space.name} (v1)`,
      ...(several[0] && { 'MS-SSIM': msSsimDefinition(several[0].scales) }),
      [`space ${space.name}`]: space.definition,
      gap: 'value of the highest group less that of the lowest; both are chosen after they are seen (v1)',
    },
    notes,
  };
}

/** Groups that can be measured; the others are named. */
function largeEnough(groups: readonly Subgroup[], least: number, what: string, notes: string[]): Subgroup[] {
  const small = groups.filter(({ rows }) => rows.length < least);
  const names = small.map(({ division, group, rows }) => `${division} ${group} (${rows.length})`).join(', ');
  const sentence = `Left out, with fewer than ${least} ${what}: ${names}.`;
  if (small.length > 0 && !notes.includes(sentence)) notes.push(sentence);
  return groups.filter(({ rows }) => rows.length >= least);
}

async function labelledClassifier(bench: Bench, notes: string[]): Promise<ChestClassifier | undefined> {
  if (bench.records.some(({ labels }) => Object.keys(labels).length > 0)) return chestClassifier(bench);
  notes.push('The data have no labels: there is no AUROC.');
  return undefined;
}

/** Over labels of which the rows have both classes; NaN where there is none. */
function meanAuroc(columns: readonly LabelColumn[]): (rows: Int32Array) => number {
  const areas = columns.map(({ probabilities, truth }) => aurocOfDraws(probabilities, truth));
  return (rows) => {
    const known = areas.map((area) => area(rows)).filter(Number.isFinite);
    return known.reduce((sum, area) => sum + area, 0) / known.length;
  };
}

function figuresOf(rows: readonly SubgroupRow[]): ResultFigure[] {
  return [...new Set(rows.map(({ outcome }) => outcome))].map((outcome): ResultFigure => {
    const own = rows.filter((row) => row.outcome === outcome && row.value !== null);
    const categories = [...new Set(own.map(({ division, group }) => `${division} ${group}`))];
    const series = [...new Set(own.map(({ set }) => set))].map((name) => {
      const of = (end: 'value' | 'low' | 'high'): number[] =>
        categories.map(
          (category) => own.find((row) => row.set === name && `${row.division} ${row.group}` === category)?.value?.[end] ?? Number.NaN,
        );
      return { name, values: of('value'), low: of('low'), high: of('high') };
    });
    return {
      name: `groups-${outcome.toLowerCase()}`,
      caption: `${outcome} by group, with 95% intervals over images.`,
      figure: barFigure({
        categories,
        series,
        xTitle: outcome,
        yTitle: 'group',
        horizontal: true,
        title: `${outcome} by group`,
        interval: '95% bootstrap over images',
      }),
    };
  });
}

/** Whether a model serves groups of patients alike: outcomes by sex, age, view and what else records say. */

import { barFigure } from '../../display';
import { dispose, foldIn, type Key, split } from '../../engine';
import { keptClassifier } from '../../experiments';
import { readRange } from '../../files/internal';
import {
  aurocByFinding,
  type Classified,
  type Classifier,
  classifiedRows,
  classify,
  type Features,
  frechetDistance,
  kernelDistance,
} from '../../metrics';
import type { Bench } from '../bench';
import { type FeatureSpace, featuresOf } from '../features';
import { generatedImages, type ImageSet, realImages } from '../image-set';
import type { EvaluationResult, ResultFigure } from '../result';
import { chosenRows } from '../rows';
import { msSsimDefinition, severalOfAPrompt } from '../several-of-a-prompt';
import { chestSpace } from '../spaces/chest';
import { type Subgroup, subgroupsOf } from './divisions';
import { type GroupOutcome, type OutcomeGap, outcomeByGroup } from './gaps';

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
  const add = (set: string, outcome: string, found: { rows: GroupOutcome[]; gaps: OutcomeGap[] }): void => {
    rows.push(...found.rows.map((row) => ({ set: set, outcome, ...row })));
    gaps.push(...found.gaps.map((gap) => ({ set: set, outcome, ...gap })));
  };

  const classifier = await labelledClassifier(bench, notes);
  if (classifier) {
    try {
      for (const [s, set] of sets.entries()) {
        const seen = classify(classifier, await readRange(set.pixels, 0, set.pixels.length));
        add(
          set.name,
          'AUROC',
          outcomeByGroup(groups, (chosen) => meanAuroc(classifier, seen, set, chosen), { key: foldIn(areas, s), draws }),
        );
      }
    } finally {
      dispose(classifier.params);
    }
  }

  const space = options.space ?? (await chestSpace(bench));
  try {
    const reference = await featuresOf(bench, space, real);
    for (const [s, set] of sets.slice(1).entries()) {
      const features = await featuresOf(bench, space, set);
      for (const [outcome, found] of distancesByGroup(groups, reference, features, { key: foldIn(distances, s), draws }))
        add(set.name, outcome, found);
    }
  } finally {
    if (!options.space) space.dispose();
  }

  let scales = 0;
  for (const [m, model] of bench.models.entries()) {
    const several = await severalOfAPrompt(bench, model);
    scales = several.scales;
    const own = largeEnough(
      subgroupsOf(bench.records.slice(0, several.byPrompt.length)),
      Math.ceil(least / 4),
      'prompts of several images',
      notes,
    );
    const mean = (chosen: Int32Array): number => chosen.reduce((sum, i) => sum + several.byPrompt[i]!, 0) / chosen.length;
    add(model.name, 'MS-SSIM', outcomeByGroup(own, mean, { key: foldIn(likeness, m), draws }));
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
      AUROC:
        'mean over labels that the group has both with and without, of a kept classifier; of generated images against what was asked for (v1)',
      KID: `squared maximum mean discrepancy between real images of the group and images of its prompts, without bias: groups of different sizes compare; space ${space.name} (v1)`,
      FID: `Fréchet distance between the same, of as many images as the smallest group has, since it falls with their number; space ${space.name} (v1)`,
      ...(scales > 0 && { 'MS-SSIM': msSsimDefinition(scales) }),
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

async function labelledClassifier(bench: Bench, notes: string[]): Promise<Classifier | undefined> {
  const { train, records, recipe, signal } = bench;
  if (train.findings.length > 0 && records.some(({ labels }) => Object.keys(labels).length > 0))
    return keptClassifier(recipe, train, {
      ...(signal && { signal }),
      onStep: ({ step, steps }) => bench.progress('training the chest classifier', step, steps),
    });
  notes.push('The data have no labels: there is no AUROC.');
  return undefined;
}

function meanAuroc({ config }: Classifier, seen: Classified, set: ImageSet, chosen: Int32Array): number {
  const rows = Array.from(chosen);
  const areas = aurocByFinding(
    config,
    classifiedRows(seen, rows),
    rows.map((row) => set.records[row]!),
  );
  return areas.mean ?? Number.NaN;
}

function distancesByGroup(
  groups: readonly Subgroup[],
  real: Features,
  features: Features,
  options: { readonly key: Key; readonly draws: number },
): [string, { rows: GroupOutcome[]; gaps: OutcomeGap[] }][] {
  const fewest = Math.min(...groups.map(({ rows }) => rows.length));
  const both = (chosen: Int32Array): [Features, Features] => [chosenRows(real, chosen), chosenRows(features, chosen)];
  return [
    [
      'KID',
      outcomeByGroup(groups, (chosen) => kernelDistance(...both(chosen)), { ...options, key: foldIn(options.key, 0), centred: true }),
    ],
    [
      'FID',
      outcomeByGroup(groups, (chosen) => frechetDistance(...both(chosen.slice(0, fewest))), {
        ...options,
        key: foldIn(options.key, 1),
        centred: true,
      }),
    ],
  ];
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

/** Table 5: whether generated images help a classifier that has few real ones, or can stand in for them. */

import { barFigure } from '../../display';
import { foldIn, key } from '../../engine';
import type { Bench, EvaluatedModel } from '../bench';
import { type Estimate, LEVEL, overSeeds, textOf } from '../estimate';
import { generatedImages, realImages } from '../image-set';
import { classifierScale, divideByPatient, isFullScale, PATIENCE, pixelsAt } from '../networks/image-classifier';
import { paperTable, readPaperTable } from '../paper';
import { type EvaluationResult, type Finding, isAbove0, type ResultFigure, type ResultTable } from '../result';
import { EXPERIMENTS, type Experiment, MANY, rowsOfExperiment, type Task, taskOf } from './plan';
import { joinedRows, keptScore, type Score } from './train';

export interface AugmentationOptions {
  /** Real images that count as few; by default the paper's 1,100 where images have 128 pixels a side or more, else 160; quick 40. */
  readonly few?: number;
  /** Trainings of each experiment; by default 5, quick 3. */
  readonly seeds?: number;
}

/** An experiment's classifiers on real test images, means over seeds. */
export interface AugmentationRow {
  /** Whose synthetic images; absent where there are none. */
  readonly model?: string;
  readonly experiment: Experiment;
  readonly real: number;
  readonly synthetic: number;
  readonly auroc: Estimate;
  readonly accuracy: Estimate;
  /** Differences to the same seed's baseline; absent of the baseline itself. */
  readonly aurocGain?: Estimate;
  readonly accuracyGain?: Estimate;
  readonly scores: readonly Score[];
}

export interface AugmentationResult extends EvaluationResult {
  readonly rows: readonly AugmentationRow[];
}

const KEY = 5;
/** Real images that training may end by, as many as the few at least. */
const VALIDATION = { quick: 96, full: 256 } as const;

/**
 * Trains classifiers from scratch on real images, synthetic ones and both, and measures them on the real test part.
 *
 * @throws RangeError where there are too few real images or seeds, or test images have two classes of nothing
 */
export async function evaluateAugmentation(bench: Bench, options: AugmentationOptions = {}): Promise<AugmentationResult> {
  const { few = bench.quick ? 40 : isFullScale(bench) ? 1100 : 160, seeds = bench.quick ? 3 : 5 } = options;
  if (!Number.isInteger(few) || few < 2) throw new RangeError(`augmentation: few: expected a whole number from 2, got ${few}`);
  if (!Number.isInteger(seeds) || seeds < 3) throw new RangeError(`augmentation: seeds: expected 3 or more, got ${seeds}`);
  const scale = classifierScale(bench);
  const task = taskOf(bench.train.findings);
  const images = await realImages(bench, 'train', bench.train.length);
  const real = { ...divide(images.records, bench.quick, few), pixels: await pixelsAt(bench, images, scale.size) };
  const test = await realImages(bench, 'test', bench.test.length);
  const testAnswers = task.answers(test.records);
  const single = task.heads.filter((_, h) =>
    [0, 1].some((value) => !testAnswers.some((one, i) => i % task.heads.length === h && one === value)),
  );
  if (single.length === task.heads.length)
    throw new RangeError(
      `augmentation: none of ${single.map(({ name }) => name).join(', ')} is known to be present in some and absent in others of ${test.records.length} test images; give more images, or data with labels`,
    );
  const many = EXPERIMENTS.filter((experiment) => possible(experiment, real.pool.length, few, bench.quick));
  const makes = Math.max(...many.map(({ synthetic }) => synthetic)) * few;
  const texts = Array.from(real.pool.subarray(0, makes), (i) => images.records[i]!);
  const total =
    seeds *
    (many.filter(({ synthetic }) => synthetic === 0).length + bench.models.length * many.filter(({ synthetic }) => synthetic > 0).length);
  let done = 0;
  const scores = async (experiment: Experiment, model?: EvaluatedModel): Promise<Score[]> => {
    const synthetic = model && (await generatedImages(bench, model, { records: texts }));
    const parts = [real.pixels, ...(synthetic ? [await pixelsAt(bench, synthetic, scale.size)] : [])];
    const records = [...images.records, ...(synthetic?.records ?? [])];
    const results: Score[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      bench.progress('augmentation: classifiers', done++, total);
      const own = foldIn(foldIn(bench.key, KEY), seed);
      const sizes = { pool: real.pool, real: images.records.length, synthetic: synthetic?.records.length ?? 0 };
      results.push(
        await keptScore(bench, {
          scale,
          heads: task.heads,
          pixels: joinedRows(parts),
          answers: task.answers(records),
          training: rowsOfExperiment(experiment, few, sizes, own),
          validation: real.validation,
          test,
          testAnswers,
          key: foldIn(key(seed), KEY),
        }),
      );
    }
    return results;
  };

  const baseline = await scores(many[0]!);
  const rows: AugmentationRow[] = [rowOf(many[0]!, few, baseline)];
  for (const experiment of many.slice(1)) {
    if (experiment.synthetic === 0) rows.push(rowOf(experiment, few, await scores(experiment), baseline));
    else for (const model of bench.models) rows.push(rowOf(experiment, few, await scores(experiment, model), baseline, model.name));
  }
  bench.progress('augmentation: classifiers', total, total);
  return {
    evaluation: 'augmentation',
    title: 'Generated images as training data of a classifier',
    paper: 'Table 5',
    rows,
    tables: tables(rows, seeds),
    figures: [gainFigure(rows, seeds)],
    definitions: {
      classifier: `${scale.definition} at ${scale.size} pixels; AdamW with weight decay 1e-5 and a cyclic rate, masked binary cross-entropy, ended by ${PATIENCE} validations without a better mean AUROC on ${real.validation.length} real images of other patients; v1`,
      auroc: `Mean AUROC over ${task.heads.map(({ name }) => name).join(', ')} on ${test.records.length} real test images; v1`,
      accuracy: 'Mean over the same labels of the share of test images whose presence is told rightly at a probability of one half; v1',
      gain: 'Difference to the baseline R of the same seed: the same first weights and the same few real images; v1',
    },
    notes: [
      ...notes(bench, task, many, few, seeds, real.validation.length),
      ...(single.length > 0 ? [`Not measured, with test images of one class alone: ${single.map(({ name }) => name).join(', ')}.`] : []),
    ],
    findings: findings(rows, bench.models),
  };
}

/** Real images to draw from, and those of other patients that training ends by. */
function divide(records: Parameters<typeof divideByPatient>[0], quick: boolean, few: number): { pool: Int32Array; validation: Int32Array } {
  const wanted = Math.max(few, quick ? VALIDATION.quick : VALIDATION.full);
  const { training, validation } = divideByPatient(records, Math.min(0.5, wanted / records.length));
  if (training.length < few)
    throw new RangeError(
      `augmentation: ${training.length} real images to train on; expected ${few} or more: give fewer (few) or more data`,
    );
  return { pool: training, validation };
}

/** Whether there are texts and real images enough; a quick run makes no more synthetic images than five times the few. */
const possible = ({ real, synthetic }: Experiment, pool: number, few: number, quick: boolean): boolean =>
  Math.max(real, synthetic) * few <= pool && !(quick && synthetic === MANY);

function rowOf(
  experiment: Experiment,
  few: number,
  scores: readonly Score[],
  baseline?: readonly Score[],
  model?: string,
): AugmentationRow {
  const gain = (measure: 'auroc' | 'accuracy'): Estimate => overSeeds(scores.map((score, s) => score[measure] - baseline![s]![measure]));
  return {
    ...(model !== undefined && { model }),
    experiment,
    real: experiment.real * few,
    synthetic: experiment.synthetic * few,
    auroc: overSeeds(scores.map(({ auroc }) => auroc)),
    accuracy: overSeeds(scores.map(({ accuracy }) => accuracy)),
    ...(baseline && { aurocGain: gain('auroc'), accuracyGain: gain('accuracy') }),
    scores,
  };
}

const intervalsOf = (seeds: number): string =>
  `${LEVEL * 100}%, Student's t over ${seeds} seeds, each with its own first weights, order and draw of images; differences paired by seed`;

function tables(rows: readonly AugmentationRow[], seeds: number): ResultTable[] {
  const paper = readPaperTable<{ experiment: string; real: number; synthetic: number; auroc: number; accuracy: number }>(5);
  return [
    {
      name: 'augmentation',
      title: 'Classifiers on real test images, by what they were trained on (R real, S synthetic)',
      intervals: intervalsOf(seeds),
      rows: rows.map(({ model, experiment, real, synthetic, auroc, accuracy, aurocGain, accuracyGain }) => ({
        experiment: experiment.name,
        model: model ?? 'none',
        'paper calls it': experiment.paper,
        real,
        synthetic,
        auroc,
        accuracy,
        'auroc, gain': aurocGain ?? null,
        'accuracy, gain': accuracyGain ?? null,
      })),
    },
    paperTable(
      5,
      paper.rows.map((row) => ({ ...row })),
    ),
  ];
}

function gainFigure(rows: readonly AugmentationRow[], seeds: number): ResultFigure {
  const names = [...new Set(rows.map(({ experiment }) => experiment.name))];
  const models = [...new Set(rows.flatMap(({ model }) => model ?? []))];
  const of = (model: string | undefined, pick: 'value' | 'low' | 'high'): number[] =>
    names.map((name) => rows.find((row) => row.experiment.name === name && row.model === model)?.auroc[pick] ?? Number.NaN);
  const series = [undefined, ...models].map((model) => ({
    name: model ?? 'real alone',
    values: of(model, 'value'),
    low: of(model, 'low'),
    high: of(model, 'high'),
  }));
  return {
    name: 'augmentation',
    caption: 'Mean AUROC on real test images of classifiers that were trained on real images (R), synthetic ones (S) and both.',
    figure: barFigure({
      title: 'What generated images teach a classifier',
      categories: names,
      series,
      xTitle: 'trained on',
      yTitle: 'mean AUROC',
      interval: `95%, Student's t over ${seeds} seeds`,
      reference: { value: 0.5, label: 'chance' },
    }),
  };
}

function notes(bench: Bench, task: Task, done: readonly Experiment[], few: number, seeds: number, validation: number): string[] {
  const left = EXPERIMENTS.filter((experiment) => !done.includes(experiment)).map(({ name }) => name);
  return [
    `Few are ${few} real images here (1,100 in the paper), many ${MANY * few}; ${seeds} seeds.`,
    `Training ends by ${validation} real images that are not among the few: a researcher with few images has fewer.`,
    'Synthetic images are made of texts of the training part by models that were trained on all of it, as in the paper.',
    `Labels: ${task.heads.map(({ name }) => name).join(', ')}; the paper has cardiomegaly, edema, effusion, pneumonia, pneumothorax and no finding.`,
    ...(left.length > 0
      ? [`Not done: ${left.join(', ')} (${bench.quick ? 'quick, or ' : ''}fewer than ${MANY * few} images to train on).`]
      : []),
  ];
}

function findings(rows: readonly AugmentationRow[], models: readonly EvaluatedModel[]): Finding[] {
  const claims = [
    { name: 'R + S', paper: 'AUROC 0.73 to 0.77, accuracy 0.71 to 0.76 with as many synthetic as real images' },
    { name: 'R + 5 S', paper: 'AUROC 0.73 to 0.76, accuracy 0.71 to 0.77 with five times as many' },
  ];
  return models.flatMap(({ name: model }) =>
    claims.flatMap(({ name, paper }): Finding[] => {
      const row = rows.find((each) => each.model === model && each.experiment.name === name);
      if (!row?.aurocGain) return [];
      return [
        {
          finding: `${model}: synthetic images added to few real ones help a classifier (${name})`,
          paper,
          here: `AUROC by ${textOf(row.aurocGain, 3)} above R's ${rows[0]!.auroc.value.toFixed(3)}`,
          verdict: isAbove0(row.aurocGain),
        },
      ];
    }),
  );
}

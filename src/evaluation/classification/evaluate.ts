/** Table 3 and Figure 4: whether a chest classifier finds in generated images what was asked for. */

import { dispose, foldIn, type Key } from '../../engine';
import type { Bench } from '../bench';
import { type Estimate, LEVEL, textOf } from '../estimate';
import { generatedImages, type ImageSet, REAL, REAL_TRAINING, realImages } from '../image-set';
import { chestClassifier } from '../networks/chest-classifier';
import { readAnswers } from '../networks/image-classifier';
import { paperTable, readPaperTable } from '../paper';
import type { EvaluationResult, Finding, ResultTable } from '../result';
import { classificationFigures } from './figures';
import { FILTERED, matchLabels } from './labels';
import {
  BINS,
  type ClassifiedImages,
  ERROR_DRAWS,
  type LabelColumn,
  LEAST,
  labelColumns,
  type MeanDifference,
  meanDifference,
  measureSet,
} from './measure';

export interface ClassificationOptions {
  /** Draws of the bootstrap; default 1000. */
  readonly draws?: number;
  /** Also measures as many real images of the training part, which a model may have learnt by heart; default false. */
  readonly trainingPart?: boolean;
}

/** Two sets of images of the same texts. */
export interface ClassificationDifference extends MeanDifference {
  readonly set: string;
  /** What is taken away. */
  readonly less: string;
}

export interface ClassificationResult extends EvaluationResult {
  /** Each model less the real images, and models among each other. */
  readonly differences: readonly ClassificationDifference[];
  readonly sets: readonly ClassifiedImages[];
  /** Labels that are measured, as the data name them. */
  readonly labels: readonly string[];
}

const KEY = 3;

/**
 * Classifies one image of each prompt and the real images of the same texts.
 *
 * @throws RangeError where the classifier and the data have no label in common
 */
export async function evaluateClassification(bench: Bench, options: ClassificationOptions = {}): Promise<ClassificationResult> {
  const { draws = 1000, trainingPart = false } = options;
  const { network, size, definition } = await chestClassifier(bench);
  try {
    const outputs = network.heads.map(({ name }) => name);
    const { matched, unmatched } = matchLabels(bench.test.findings, outputs);
    const sets: ImageSet[] = [await realImages(bench, 'test'), ...(trainingPart ? [await realImages(bench, 'train')] : [])];
    for (const model of bench.models) sets.push(await generatedImages(bench, model));
    const classified: ClassifiedImages[] = [];
    const read: LabelColumn[][] = [];
    for (const [s, set] of sets.entries()) {
      bench.progress('classification', s, sets.length);
      const columns = labelColumns(matched, await readAnswers(bench, network, size, set), set);
      const measured = measureSet(columns, { key: foldIn(foldIn(bench.key, KEY), s), draws });
      read.push(columns);
      classified.push({ set: set.name, images: set.records.length, ...measured });
    }
    bench.progress('classification', sets.length, sets.length);
    const differences = differencesOf(classified, read, { key: foldIn(foldIn(bench.key, KEY), sets.length), draws });
    return {
      evaluation: 'classification',
      title: 'A chest classifier on one image of each prompt',
      paper: 'Table 3, Figure 4',
      sets: classified,
      labels: matched.map(({ label }) => label),
      differences,
      tables: tables(classified, differences, draws),
      figures: await classificationFigures(
        classified,
        sets,
        matched.map(({ label }) => label),
        draws,
      ),
      definitions: {
        classifier: `${definition}; v1`,
        auroc:
          'Probability that an image whose text has the finding scores above one whose text has not, ties one half; labels of the prompts are the truth, unknown ones left out; v1',
        'filtered average': `Mean AUROC over those of ${FILTERED.join(', ')} that the data have with ${LEAST} images of either class or more: the labels of the paper's "Filtered Avg"; v1`,
        ece: `Expected calibration error of the probability of presence in ${BINS} bins of equal width; v1`,
        brier: 'Mean squared difference of the probability of presence and the label; v1',
      },
      notes: notes(classified, unmatched),
      findings: findings(classified),
    };
  } finally {
    dispose(network.params);
  }
}

function differencesOf(
  sets: readonly ClassifiedImages[],
  columns: readonly (readonly LabelColumn[])[],
  options: { readonly key: Key; readonly draws: number },
): ClassificationDifference[] {
  const same = sets.map((_, s) => s).filter((s) => sets[s]!.set !== REAL_TRAINING); // those are images of other texts
  return same.flatMap((a) =>
    same.filter((b) => b < a).map((b) => ({ set: sets[a]!.set, less: sets[b]!.set, ...meanDifference(columns[a]!, columns[b]!, options) })),
  );
}

function tables(sets: readonly ClassifiedImages[], differences: readonly ClassificationDifference[], draws: number): ResultTable[] {
  const intervals = `${LEVEL * 100}% bootstrap over images: AUROC percentiles of ${draws} draws, Brier of ${ERROR_DRAWS}; ECE 1.96 standard deviations of ${ERROR_DRAWS} draws`;
  const paper = readPaperTable<{ group: string; model: string; auroc: Record<string, number>; filtered: number }>(3);
  return [
    {
      name: 'classification',
      title: 'AUROC by label',
      intervals,
      rows: sets.map(({ set, images, labels, filtered, all }) => ({
        set,
        images,
        ...Object.fromEntries(labels.map(({ label, auroc }) => [label, auroc])),
        'filtered average': filtered.auroc,
        'mean of all': all.auroc,
      })),
    },
    {
      name: 'differences',
      title: 'Differences of mean AUROCs between images of the same texts',
      intervals: `${LEVEL * 100}% bootstrap over texts, both sets drawn together, percentiles of ${draws} draws`,
      rows: differences.map(({ set, less, filtered, all }) => ({ set, less, 'filtered average': filtered, 'mean of all': all })),
    },
    {
      name: 'calibration',
      title: 'Calibration, all labels together',
      intervals,
      rows: sets.map(({ set, images, ece, brier }) => ({ set, images, ece, brier })),
    },
    {
      name: 'labels',
      title: 'Each finding alone',
      intervals,
      rows: sets.flatMap(({ set, labels }) =>
        labels.map(({ label, positives, negatives, auroc, ece, brier }) => ({ set, label, positives, negatives, auroc, ece, brier })),
      ),
    },
    paperTable(
      3,
      paper.rows.map(({ group, model, auroc, filtered }) => ({ group, model, ...auroc, 'Filtered Avg': filtered })),
    ),
  ];
}

function notes(sets: readonly ClassifiedImages[], unmatched: readonly string[]): string[] {
  const [real] = sets as [ClassifiedImages];
  const single = real.labels.filter(({ auroc }) => auroc === null).map(({ label }) => label);
  const few = real.labels.filter(({ auroc, positives, negatives }) => auroc !== null && Math.min(positives, negatives) < 10);
  return [
    'Real test images are the upper bound: what the classifier itself can do.',
    'The AUROC says that findings can be told from an image, not that it looks real: blurred images may have a high one.',
    ...(sets.some(({ labels }) => labels.some(({ auroc }) => auroc?.value === 1))
      ? ['Where all pairs are in order the AUROC is 1 in every draw: its interval has no width, which is no certainty.']
      : []),
    `The filtered average is of ${real.filtered.labels.join(', ') || 'no label: the data have none of its five'}.`,
    ...(isBlind(real)
      ? [
          'The classifier cannot tell the findings of real images from chance, so its numbers of models say nothing; give a better one (chest).',
        ]
      : []),
    ...(unmatched.length > 0 ? [`The classifier does not know ${unmatched.join(', ')}; they are not measured.`] : []),
    ...(single.length > 0 ? [`${single.join(', ')}: fewer than ${LEAST} images of one class, so there is no AUROC.`] : []),
    ...(few.length > 0
      ? [`${few.map(({ label }) => label).join(', ')}: fewer than ten images of one class; give more prompts for narrow intervals.`]
      : []),
    ...readPaperTable(3).notes!.map((note) => `Of the paper's table: ${note}`),
  ];
}

/** The filtered average, or where the data have none of its labels that of all. */
const score = ({ filtered, all }: ClassifiedImages): Estimate | null => filtered.auroc ?? all.auroc;

/** Whether real images, the upper bound, are not above chance either. */
function isBlind(real: ClassifiedImages): boolean {
  const own = score(real);
  return own !== null && own.low <= 0.5;
}

function findings(sets: readonly ClassifiedImages[]): Finding[] {
  const real = score(sets[0]!);
  const models = sets.filter(({ set }) => set !== REAL && set !== REAL_TRAINING);
  return models.flatMap((model): Finding[] => {
    const here = score(model);
    if (!here || !real) return [];
    return [
      {
        finding: `${model.set}: a classifier finds in generated images what was asked for`,
        paper: 'filtered average 0.81 at 60k steps (0.50 before fine-tuning, 0.82 of real images)',
        here: `${textOf(here, 3)}; real images ${textOf(real, 3)}`,
        verdict: isBlind(sets[0]!) ? 'undecided' : here.low > 0.5 ? 'repeated' : here.high < 0.5 ? 'not repeated' : 'undecided',
      },
    ];
  });
}

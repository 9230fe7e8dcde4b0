/** What no real data set allows: whether images have the finding, side, lobe, zone, severity, device and view that their texts ask for, read by a network. */

import type { PhantomDataset } from '../../datasets';
import { dispose } from '../../engine';
import type { Bench } from '../bench';
import { LEVEL, shareOf } from '../estimate';
import { generatedImages, type ImageSet, REAL, realImages } from '../image-set';
import { trainingImages } from '../networks/chest-classifier';
import { classifierScale, keptClassifierOf, readAnswers } from '../networks/image-classifier';
import type { EvaluationResult, ResultTable } from '../result';
import { type AttributeConfusion, accuracyOf, askedCounts, balancedAccuracyOf, confusionOf, mostFrequent } from './confusion';
import { confusionFigure } from './figures';
import { ATTRIBUTES, type Question, questionsOf, studiesOf } from './questions';

export interface GroundTruthResult extends EvaluationResult {
  /** By set of images and question. */
  readonly confusions: readonly AttributeConfusion[];
}

/**
 * Reads back what prompts ask for, by one network with a head for each attribute, which is trained on the parameters of the training part.
 *
 * @throws RangeError where the data are not the phantom's
 */
export async function evaluateGroundTruth(bench: Bench): Promise<GroundTruthResult> {
  const studies = studiesOf(bench.test, bench.records.length);
  const images = await realImages(bench, 'train', trainingImages(bench));
  const training = studiesOf(bench.train, images.records.length);
  const views = [...new Set(training.map(({ view }) => view))].sort();
  const questions = questionsOf((bench.train as PhantomDataset).population.findings, views);
  const heads = questions.map(({ head }) => head);
  const answers = Int8Array.from(training.flatMap((study) => questions.map((question) => question.answer(study))));
  const { network } = await keptClassifierOf(bench, { name: 'phantom-reader', heads, images, answers });
  try {
    const { size, definition } = classifierScale(bench);
    const sets: ImageSet[] = [await realImages(bench, 'test')];
    for (const model of bench.models) sets.push(await generatedImages(bench, model));
    const confusions: AttributeConfusion[] = [];
    for (const [s, set] of sets.entries()) {
      bench.progress('ground truth', s, sets.length);
      const read = await readAnswers(bench, network, size, set);
      questions.forEach((question, q) => {
        const asked = studies.map((study) => question.answer(study));
        confusions.push(confusionOf(set.name, question, asked, read[q]!));
      });
    }
    bench.progress('ground truth', sets.length, sets.length);
    const asked = confusions.filter((each) => accuracyOf([each]).asked > 0);
    return {
      evaluation: 'ground-truth',
      title: 'What was asked for, read back by a network',
      paper: 'not in the paper: no real data set has it',
      confusions,
      tables: tables(asked),
      figures: ATTRIBUTES.flatMap((attribute) => confusionFigure(attribute, asked) ?? []),
      definitions: {
        reader: `${definition} with a head for each attribute, trained on the parameters of ${images.records.length} images of the training part at ${size} pixels; v1`,
        correct: "Share of images in which the reader's likeliest answer is what the text asks for; v1",
        asked:
          'Only what the words of the prompt give: attributes of a finding count where it is asked for once, whether or not the reader sees it; v1',
        'most frequent answer': 'Share of the answer that is asked for most: what a reader who never looks is right in; v1',
      },
      notes: notes(asked, questions),
    };
  } finally {
    dispose(network.params);
  }
}

const WILSON = `${LEVEL * 100}%, Wilson's, over images; rows of all findings over pairs of image and finding, as if each were an image of its own`;

function tables(confusions: readonly AttributeConfusion[]): ResultTable[] {
  const sets = [...new Set(confusions.map(({ set }) => set))];
  const rows = ATTRIBUTES.flatMap((attribute) => {
    const own = confusions.filter((each) => each.attribute === attribute);
    const findings = [...new Set(own.flatMap(({ finding }) => finding ?? []))];
    const groups: (string | undefined)[] = findings.length > 0 ? [...findings, undefined] : [undefined];
    return groups.flatMap((finding) =>
      sets.map((set) => {
        const some = own.filter((each) => each.set === set && (finding === undefined || each.finding === finding));
        const { asked, correct } = accuracyOf(some);
        return { attribute, finding: finding ?? 'all', set, asked, correct, 'most frequent answer': mostFrequent(some) };
      }),
    );
  }).filter(({ asked }) => asked > 0);
  const confusionTables = ATTRIBUTES.flatMap((attribute): ResultTable[] => {
    const own = confusions.filter((each) => each.attribute === attribute);
    if (own.length === 0) return [];
    return [
      {
        name: `confusion-${attribute}`,
        title: `What is read where it is asked for: ${attribute}`,
        intervals: WILSON,
        rows: own.flatMap((each) => {
          const counts = askedCounts(each);
          return each.counts.flatMap((row, a) => {
            if (counts[a] === 0) return [];
            const shares = Object.fromEntries(row.map((n, k) => [`read ${each.answers[k]}`, shareOf(n, counts[a]!)]));
            return [
              { set: each.set, ...(each.finding && { finding: each.finding }), asked: each.answers[a]!, images: counts[a]!, ...shares },
            ];
          });
        }),
      },
    ];
  });
  return [{ name: 'attributes', title: 'Share of images that have what was asked for', intervals: WILSON, rows }, ...confusionTables];
}

/** Where the reader itself is right so rarely, each answer counting alike, that it says little of models. */
const POOR = 0.8;

function notes(confusions: readonly AttributeConfusion[], questions: readonly Question[]): string[] {
  const poor = confusions.flatMap((each) => {
    const right = balancedAccuracyOf(each);
    return each.set === REAL && right < POOR ? [`${nameOf(each)} (${right.toFixed(2)})`] : [];
  });
  const missing = questions.filter(({ head, attribute, finding }) => {
    const own = confusions.find((each) => each.set === REAL && each.attribute === attribute && each.finding === finding);
    return !own || askedCounts(own).filter((count) => count > 0).length < Math.min(2, head.answers.length);
  });
  return [
    'Real test images are the upper bound: on them only the reader errs. A model cannot be judged better than that.',
    ...(poor.length > 0
      ? [`Of real images the reader itself is right in less than ${POOR * 100}%, the mean over answers: ${poor.join(', ')}.`]
      : []),
    ...(missing.length > 0
      ? [`The prompts ask for fewer than two answers, so the share says little: ${missing.map(({ head }) => head.name).join(', ')}.`]
      : []),
  ];
}

const nameOf = ({ attribute, finding }: AttributeConfusion): string => (finding ? `${finding}: ${attribute}` : attribute);

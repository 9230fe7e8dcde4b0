/** CheXbench's tables of a model; beside every number what would be had without looking. */

import type { Key } from '../../engine';
import { foldIn } from '../../engine';
import {
  type AskedModel,
  type BenchPlace,
  type BenchQuestion,
  type BenchText,
  boxOverlap,
  type CheXbench,
  type PlacedBox,
  showsImages,
} from '../../systems';
import { bootstrapMean, type Estimate, shareOf, textOf } from '../estimate';
import { pairedDifference } from '../paired';
import { type Finding, isAbove0, type ResultTable, type SystemEvaluation } from '../result';
import { estimateOf, meanOf, type SummedMeasure } from '../summed';
import { type ComparedText, inHundredths, labelF1Name, labelMeasures, PAPER_F1, wordMeasures } from '../text-measures';
import { type AnswerBenchOptions, answerBench, type BenchAnswers } from './answers';

export interface EvaluateCheXbenchOptions extends AnswerBenchOptions {
  /** Of the bootstrap and the tests; default 1000. */
  readonly draws?: number;
}

const MODES = ['generation', 'likelihood'] as const;

/** @throws RangeError where a question shows more images than the model has places for; the signal's reason where it was raised */
export async function evaluateCheXbench(model: AskedModel, options: EvaluateCheXbenchOptions): Promise<SystemEvaluation> {
  const seeing = await answerBench(model, false, options);
  return evaluateBenchAnswers(model, seeing, await answerBench(model, true, options), options);
}

/** The tables of answers that a model has given to images and to grey ones. */
export function evaluateBenchAnswers(
  model: AskedModel,
  seeing: BenchAnswers,
  blanked: BenchAnswers,
  { bench, key, draws = 1000 }: Pick<EvaluateCheXbenchOptions, 'bench' | 'key' | 'draws'>,
): SystemEvaluation {
  const by = { key: foldIn(key, 1), draws };
  const choices = choiceRows(bench.questions, seeing, blanked, by);
  const tables: ResultTable[] = [];
  if (choices.length > 0)
    tables.push({
      name: 'chexbench',
      title: `Accuracy of ${bench.questions.length} questions with options, hundredths`,
      intervals: '95%, Wilson; of differences 95% bootstrap over questions',
      rows: choices,
    });
  if (bench.places.length > 0) tables.push(placeTable(bench.places, seeing, blanked, by));
  if (bench.texts.length > 0) tables.push(textTable(bench.texts, seeing, blanked, by));
  return {
    tables,
    findings: findingsOf(bench.questions, seeing, blanked, by),
    definitions: BENCH_DEFINITIONS,
    notes: [...NOTES, ...shownLess(bench, model)],
  };
}

/** What the words of these tables mean. */
export const BENCH_DEFINITIONS: Readonly<Record<string, string>> = {
  generation:
    'the option of the first letter in brackets that the model writes; where there is none, one that is drawn by lot, as published; v1',
  likelihood: 'the option with the highest mean log-probability of its tokens behind the question, which lists none; v1',
  'majority answer': "always the option whose words are right most often in the task's questions of this bench, without looking; v1",
  blanked: 'the same model with all pixels 0.5; v1',
};

/** A note of every table of this kind. */
export const ONE_TRAINING = 'One training: intervals are over questions, not over seeds.';

const NOTES: readonly string[] = [ONE_TRAINING, 'An accuracy that is not above the blanked image’s says nothing about images.'];

/** What of a bench's images a model is not shown. */
function shownLess({ questions, places, texts }: CheXbench, { network: { images: most } }: AskedModel): string[] {
  const more = [...questions, ...places, ...texts].filter(({ images }) => images.length > most).length;
  return more === 0
    ? []
    : [`${more} items have more images than the model has places for: it is shown the first ${most === 1 ? 'one' : most} of each.`];
}

type Draws = { readonly key: Key; readonly draws: number };

/** Indices of questions by what they share, with a name. */
function groupsOf(questions: readonly BenchQuestion[]): [name: string, rows: number[]][] {
  const groups = new Map<string, number[]>();
  const add = (name: string, i: number): void => {
    groups.set(name, [...(groups.get(name) ?? []), i]);
  };
  questions.forEach(({ task, source, slice }, i) => {
    add(`${task}: ${source}`, i);
    if (slice !== undefined) add(`${task}: ${source}__${slice}`, i);
  });
  return [...groups];
}

/** Whether answers are right, 1 or 0. */
const hits = (
  questions: readonly BenchQuestion[],
  answers: BenchAnswers,
  mode: (typeof MODES)[number],
  rows: readonly number[],
): number[] => rows.map((i) => Number(answers[mode][i]!.option === questions[i]!.answer));

/** Of all questions. */
export const rightAnswers = ({ questions }: CheXbench, answers: BenchAnswers, mode: (typeof MODES)[number]): number[] =>
  hits(questions, answers, mode, Array.from(questions.keys()));

const accuracy = (right: readonly number[]): Estimate =>
  shareOf(
    right.reduce((sum, one) => sum + one, 0),
    right.length,
  );

/** The share that is right where always the same words are chosen: those that are right most often. */
function majority(questions: readonly BenchQuestion[]): number {
  const counts = new Map<string, number>();
  for (const { options, answer } of questions) counts.set(options[answer]!, (counts.get(options[answer]!) ?? 0) + 1);
  const right = questions.filter(({ options, answer }) => {
    const best = options.reduce((most, option) => ((counts.get(option) ?? 0) > (counts.get(most) ?? 0) ? option : most), options[0]!);
    return best === options[answer];
  });
  return right.length / questions.length;
}

function choiceRows(questions: readonly BenchQuestion[], seeing: BenchAnswers, blanked: BenchAnswers, by: Draws): ResultTable['rows'] {
  return groupsOf(questions).map(([name, rows]) => {
    const asked = rows.map((i) => questions[i]!);
    const chance = asked.reduce((sum, { options }) => sum + 1 / options.length, 0) / asked.length;
    const cells = MODES.flatMap((mode) => {
      const [with_, without] = [hits(questions, seeing, mode, rows), hits(questions, blanked, mode, rows)];
      const { difference, p } = pairedDifference(meanOf(mode, with_), meanOf(mode, without), by);
      return [
        [mode, inHundredths(accuracy(with_))],
        [`${mode}, blanked`, inHundredths(accuracy(without))],
        [`${mode}: gained`, inHundredths(difference)],
        [`${mode}: p`, Number(p.toPrecision(2))],
      ];
    });
    const byLot = rows.filter((i) => seeing.generation[i]!.byLot).length;
    return {
      questions: name,
      n: rows.length,
      chance: 100 * chance,
      'majority answer': 100 * majority(asked),
      ...Object.fromEntries(cells),
      unparsed: inHundredths(shareOf(byLot, rows.length)),
    };
  });
}

/** Overlaps with the right boxes; 0 where none was written. */
export const overlapsOf = (places: readonly BenchPlace[], boxes: readonly (PlacedBox | undefined)[]): number[] =>
  places.map(({ box }, i) => (boxes[i] ? boxOverlap(boxes[i]!, box) : 0));

function placeTable(places: readonly BenchPlace[], seeing: BenchAnswers, blanked: BenchAnswers, by: Draws): ResultTable {
  const mean = [0, 1, 2, 3].map((side) => places.reduce((sum, { box }) => sum + box[side]!, 0) / places.length) as unknown as PlacedBox;
  const rowOf = (name: string, boxes: readonly (PlacedBox | undefined)[]) => {
    const each = overlapsOf(places, boxes);
    return {
      boxes: name,
      IoU: inHundredths(bootstrapMean(each, by)),
      'IoU of a half or more': inHundredths(shareOf(each.filter((one) => one >= 0.5).length, each.length)),
      'no box': inHundredths(shareOf(boxes.filter((box) => box === undefined).length, boxes.length)),
    };
  };
  return {
    name: 'chexbench-places',
    title: `Boxes of ${places.length} findings, hundredths`,
    intervals: '95% bootstrap over findings; of shares Wilson',
    rows: [
      rowOf('model', seeing.boxes),
      rowOf('model, images blanked', blanked.boxes),
      rowOf(
        'the mean of the right boxes',
        places.map(() => mean),
      ),
    ],
  };
}

const TEXT_MEASURES = ['BLEU-4', 'ROUGE-L'];

function textTable(texts: readonly BenchText[], seeing: BenchAnswers, blanked: BenchAnswers, by: Draws): ResultTable {
  const tasks = [...new Set(texts.map(({ task }) => task))];
  const rows = tasks.flatMap((task) => {
    const own = texts.flatMap((text, i) => (text.task === task ? [i] : []));
    const row = (name: string, answers: BenchAnswers) => {
      const pairs = own.map((i): ComparedText => ({ candidate: answers.texts[i]!, reference: texts[i]!.reference }));
      const measures: SummedMeasure[] = [...labelMeasures(pairs), ...wordMeasures(pairs)];
      const shown = [labelF1Name(PAPER_F1), labelF1Name({ ...PAPER_F1, classes: 14 }), ...TEXT_MEASURES];
      const cells = measures
        .filter(({ name: measure }) => shown.includes(measure))
        .map((measure) => [measure.name, inHundredths(estimateOf(measure, by))]);
      return { texts: name, n: own.length, ...Object.fromEntries(cells) };
    };
    return [row(task, seeing), ...(showsImages(task) ? [row(`${task}, images blanked`, blanked)] : [])];
  });
  return { name: 'chexbench-texts', title: 'Sections written, hundredths', intervals: `95% bootstrap over texts, ${by.draws} draws`, rows };
}

/** Tasks by what they ask of an image. */
const PERCEPTION = [
  'View Classification',
  'Binary Disease Classification',
  'Single Disease Classification',
  'Multiple Disease Classification',
  'Temporal Image Classification',
];
const FINE = 'Fine-Grained Reasoning';

function findingsOf(questions: readonly BenchQuestion[], seeing: BenchAnswers, blanked: BenchAnswers, by: Draws): Finding[] {
  const rowsOf = (tasks: readonly string[]): number[] => questions.flatMap(({ task }, i) => (tasks.includes(task) ? [i] : []));
  const findings: Finding[] = [];
  const perception = rowsOf(PERCEPTION);
  const gained = (rows: readonly number[]) =>
    pairedDifference(
      meanOf('seeing', hits(questions, seeing, 'likelihood', rows)),
      meanOf('blanked', hits(questions, blanked, 'likelihood', rows)),
      by,
    );
  if (perception.length > 0) {
    const { difference, p } = gained(perception);
    findings.push({
      finding: 'Questions of perception are answered better with the image than with a blank one (accuracy by likelihood)',
      paper: 'not in the paper',
      here: `${textOf(inHundredths(difference), 1)} (p = ${p.toPrecision(2)})`,
      verdict: isAbove0(difference),
    });
  }
  const fine = rowsOf([FINE]);
  if (fine.length > 0 && perception.length > 0) {
    const [ofFine, ofPerception] = [gained(fine).difference, gained(perception).difference];
    findings.push({
      finding: 'Fine-grained questions (side, severity, place) gain less from the image than questions of perception',
      paper: 'fine-grained reasoning is hardest',
      here: `${textOf(inHundredths(ofFine), 1)} against ${textOf(inHundredths(ofPerception), 1)}`,
      verdict: ofFine.high < ofPerception.low ? 'repeated' : ofFine.low > ofPerception.high ? 'not repeated' : 'undecided',
    });
  }
  const all = Array.from(questions.keys());
  if (all.length > 0) {
    const same = all.filter((i) => seeing.generation[i]!.option === seeing.likelihood[i]!.option).length;
    findings.push({
      finding: 'The letter that is written and the likeliest option agree',
      paper: 'not in the paper',
      here: textOf(inHundredths(shareOf(same, all.length)), 1, '%'),
      verdict: shareOf(same, all.length).low > 0.5 ? 'repeated' : 'undecided',
    });
  }
  return findings;
}

/** A model's answers to a bench, with its images and with grey ones in their place. */

import type { Key } from '../../engine';
import { foldIn } from '../../engine';
import { type Rows, rowsOf } from '../../files';
import {
  type AskedModel,
  type AskedQuestion,
  answerLikelihoods,
  type BenchPlace,
  type BenchQuestion,
  type BenchText,
  boxesIn,
  type CheXbench,
  type Choice,
  choicesOfLikelihoods,
  choicesOfTexts,
  imageStates,
  type PlacedBox,
  questionText,
  sectionQuestion,
  showsImages,
  writeAnswers,
} from '../../systems';

/** Which answers a model gave, in the order of the bench's items. */
export interface BenchAnswers {
  /** By the letter that it wrote. */
  readonly generation: readonly Choice[];
  /** By which option is likeliest. */
  readonly likelihood: readonly Choice[];
  /** Undefined where it wrote no box. */
  readonly boxes: readonly (PlacedBox | undefined)[];
  readonly texts: readonly string[];
}

export interface AnswerBenchOptions {
  readonly bench: CheXbench;
  /** Rows of images by their paths. */
  readonly rows: ReadonlyMap<string, number>;
  /** Size × size a row, 0 to 1. */
  readonly pixels: Rows;
  /** The most tokens of a section. */
  readonly maxTokens: number;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** Tokens that hold a letter in brackets, or a box. */
const SHORT = { letter: 12, box: 40 };

/** The grey that blanked images have everywhere. */
const BLANK = 0.5;

/** An answer as a vocabulary writes it that keeps capitals and blanks: some have small letters alone, and blanks between all words and marks. */
const asWritten = (text: string): string => text.replace(/\(\s*(\w)\s*\)/g, (_, letter: string) => `(${letter.toUpperCase()})`);

/** @throws the signal's reason where it was raised */
export async function answerBench(model: AskedModel, isBlank: boolean, options: AnswerBenchOptions): Promise<BenchAnswers> {
  const { bench, rows, pixels, maxTokens, key, signal, onProgress } = options;
  const { width, length } = pixels;
  const shown = isBlank ? rowsOf(new Float32Array(width * length).fill(BLANK), width) : pixels;
  const how = isBlank ? ', images blanked' : '';
  const watched = (what: string) => ({
    ...(signal && { signal }),
    onProgress: (done: number, total: number) => onProgress?.(`${what}${how}`, done, total),
  });
  const states = await imageStates(model, shown, watched('Images'));
  const ask = ({ images }: BenchQuestion | BenchPlace | BenchText, question: string): AskedQuestion => ({
    images: images.slice(0, model.network.images).map((path) => rows.get(path)!),
    question,
  });
  const { questions, places, texts } = bench;
  const lettered = await writeAnswers(
    model,
    questions.map((one) => ask(one, questionText(one))),
    states,
    { maxTokens: SHORT.letter, ...watched('Letters') },
  );
  const likelihoods = await answerLikelihoods(
    model,
    questions.map((one) => ask(one, one.question)),
    questions.map((one) => one.options),
    states,
    watched('Likelihoods'),
  );
  const boxes = await writeAnswers(
    model,
    places.map((one) => ask(one, one.question)),
    states,
    { maxTokens: SHORT.box, ...watched('Boxes') },
  );
  const written = await writeAnswers(
    model,
    texts.map((one) => ({ ...ask(one, sectionQuestion(one)), ...(!showsImages(one.task) && { images: [] }) })),
    states,
    { maxTokens, ...watched('Texts') },
  );
  return {
    generation: choicesOfTexts(questions, lettered.map(asWritten), foldIn(key, 0)),
    likelihood: choicesOfLikelihoods(likelihoods),
    boxes: boxes.map((text) => boxesIn(text)[0]),
    texts: written,
  };
}

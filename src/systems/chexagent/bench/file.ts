/** CheXbench's file: questions with options, and texts to be written, by task. */

import { dirname, join } from 'node:path';
import { readObject } from '../../../files';
import type { PlacedBox } from '../instruct/source';

/** A question with options, of which one is right. */
export interface BenchQuestion {
  readonly task: string;
  readonly source: string;
  /** A part of the source, such as "pa-lateral". */
  readonly slice?: string;
  /** Whole paths. */
  readonly images: readonly string[];
  readonly question: string;
  /** 2 to 4. */
  readonly options: readonly string[];
  /** The index of the right one. */
  readonly answer: number;
}

/** A section to be written of images and another section. */
export interface BenchText {
  readonly task: string;
  readonly source: string;
  /** At most two, as published. */
  readonly images: readonly string[];
  /** What is given: the indication for findings, the findings for their summary. */
  readonly given: string;
  readonly reference: string;
}

/** Something to be found in an image. */
export interface BenchPlace {
  readonly task: string;
  readonly source: string;
  readonly images: readonly string[];
  readonly question: string;
  /** In whole hundredths of the image's sides. */
  readonly box: PlacedBox;
}

export interface CheXbench {
  readonly questions: readonly BenchQuestion[];
  readonly places: readonly BenchPlace[];
  readonly texts: readonly BenchText[];
}

/** Tasks of texts, with the keys of what is given and of what is to be written. */
const TEXTS: Readonly<Record<string, readonly [given: string, written: string]>> = {
  'Findings Generation': ['section_indication', 'section_findings'],
  'Findings Summarization': ['section_findings', 'section_impression'],
};

/** The task whose items have a box: `box`, four whole hundredths. */
export const PLACES = 'Phrase Grounding';

const MOST_IMAGES = 2;

type Item = Readonly<Record<string, unknown>>;

/** Text of a key; where it may be missing, '' for what is not there. @throws RangeError naming the item and the key */
function textOf(item: Item, key: string, where: string, mayLack = false): string {
  const value = item[key];
  if (mayLack && (value === undefined || value === null)) return '';
  if (typeof value !== 'string' || (value.trim() === '' && !mayLack))
    throw new RangeError(`${where}: ${key}: expected a text, got ${JSON.stringify(value)}`);
  return value;
}

/** Paths of `image_path`: a list, or one text with | between them. */
function imagesOf(item: Item, where: string, folder: string): string[] {
  const { image_path: given } = item;
  const paths = Array.isArray(given) ? given : typeof given === 'string' ? given.split('|') : [];
  if (paths.length === 0 || paths.some((path) => typeof path !== 'string' || path === ''))
    throw new RangeError(`${where}: image_path: expected a path, several with | between them, or a list; got ${JSON.stringify(given)}`);
  return paths.map((path) => join(folder, path));
}

function optionsOf(item: Item, where: string): string[] {
  const all = [0, 1, 2, 3].map((i) => item[`option_${i}`]);
  const options = all.filter((option) => option !== null && option !== undefined);
  if (options.length < 2 || all.slice(0, options.length).some((option) => typeof option !== 'string'))
    throw new RangeError(`${where}: expected texts as option_0, option_1 and perhaps two more without a gap, got ${JSON.stringify(all)}`);
  const texts = options as string[];
  const repeated = texts.find((option, i) => texts.indexOf(option) < i);
  if (repeated !== undefined) throw new RangeError(`${where}: expected options that differ, got ${JSON.stringify(repeated)} twice`);
  return texts;
}

function questionOf(task: string, item: Item, where: string, folder: string): BenchQuestion {
  const options = optionsOf(item, where);
  const { answer } = item;
  if (!(typeof answer === 'number' && Number.isInteger(answer) && answer >= 0 && answer < options.length))
    throw new RangeError(
      `${where}: answer: expected the number of the right option, 0 to ${options.length - 1}; got ${JSON.stringify(answer)}`,
    );
  const slice = textOf(item, 'slice', where, true);
  return {
    task,
    source: textOf(item, 'data_source', where),
    ...(slice !== '' && { slice }),
    images: imagesOf(item, where, folder),
    question: textOf(item, 'question', where),
    options,
    answer,
  };
}

function boxOf(item: Item, where: string): PlacedBox {
  const { box } = item;
  const isBox =
    Array.isArray(box) &&
    box.length === 4 &&
    box.every((side) => Number.isInteger(side) && side >= 0 && side <= 100) &&
    box[0] < box[2] &&
    box[1] < box[3];
  if (!isBox) throw new RangeError(`${where}: box: expected left, top, right and bottom in whole hundredths, got ${JSON.stringify(box)}`);
  return box as unknown as PlacedBox;
}

/**
 * Reads a file of CheXbench's layout; tasks by any names, of which those of texts and of places have their own keys.
 *
 * @param images the folder that paths of images begin in; by default the file's
 * @throws FileError naming the task, the item and the key where the file can't be read or an item can't be worked with
 */
export async function readCheXbench(file: string, images: string = dirname(file)): Promise<CheXbench> {
  let bench: CheXbench | undefined;
  await readObject<Record<string, unknown>>(file, (tasks) => {
    bench = cheXbenchOf(tasks, images);
  });
  return bench!;
}

/**
 * Items by task, as the file has them.
 *
 * @param images the folder that paths of images begin in
 * @throws RangeError naming the task, the item and the key
 */
export function cheXbenchOf(tasks: Readonly<Record<string, unknown>>, images: string): CheXbench {
  const questions: BenchQuestion[] = [];
  const texts: BenchText[] = [];
  const places: BenchPlace[] = [];
  for (const [task, items] of Object.entries(tasks)) {
    if (!Array.isArray(items)) throw new RangeError(`${task}: expected a list of items`);
    items.forEach((item: Item, i) => {
      const where = `${task}: ${i}`;
      if (typeof item !== 'object' || item === null) throw new RangeError(`${where}: expected an object`);
      if (task === PLACES && item.box !== undefined) {
        const source = textOf(item, 'data_source', where);
        const question = textOf(item, 'question', where);
        places.push({ task, source, images: imagesOf(item, where, images), question, box: boxOf(item, where) });
        return;
      }
      const keys = TEXTS[task];
      if (!keys) {
        questions.push(questionOf(task, item, where, images));
        return;
      }
      texts.push({
        task,
        source: textOf(item, 'data_source', where),
        images: imagesOf(item, where, images).slice(0, MOST_IMAGES),
        given: textOf(item, keys[0], where, task === 'Findings Generation'), // not every study has an indication
        reference: textOf(item, keys[1], where),
      });
    });
  }
  return { questions, places, texts };
}

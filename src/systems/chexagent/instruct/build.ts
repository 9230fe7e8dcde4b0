/** CheXinstruct's samples of any source: deterministic, options in places that are balanced. */

import { draws } from '../../../datasets/internal';
import { foldIn, type Key, randomInts } from '../../../engine';
import { nextTurn, permutation } from '../../../engine/internal';
import type { InstructSource } from './source';
import type { Draft, Task } from './task';
import { groundingTasks } from './tasks/grounding';
import { perceptionTasks } from './tasks/perception';
import { reportTasks } from './tasks/reports';
import { temporalTasks } from './tasks/temporal';
import { textTasks } from './tasks/texts';
import { diseasesOf, type Lettering, letterings, markOf, withOptions } from './words';

const TASKS: readonly Task[] = [...perceptionTasks, ...groundingTasks, ...reportTasks, ...temporalTasks, ...textTasks];

/** Names are CheXinstruct's where it has them. */
export const instructTaskNames: readonly string[] = TASKS.map(({ name }) => name);

/** A sample whose images are records of its source. */
export interface InstructSample {
  readonly task: string;
  /** The record that it was made of. */
  readonly record: number;
  readonly images: readonly number[];
  /** As it is asked, with its options. */
  readonly question: string;
  readonly answer: string;
  /** In the order of their letters; none where the answer is written. */
  readonly options: readonly string[];
  /** The right option's index, and -1 where there are none. */
  readonly right: number;
  /** Without options. */
  readonly asked: string;
  readonly text?: string;
}

export interface BuildInstructOptions {
  readonly key: Key;
  /** By name; all where left out. */
  readonly tasks?: readonly string[];
  /** The most samples of a task, one of a record. */
  readonly perTask?: number;
  /** Of some tasks, by name, the most samples in place of `perTask`: records are asked again, for something else, until there are so many. */
  readonly samples?: Readonly<Record<string, number>>;
  /** Records that samples are made of; all where left out. */
  readonly records?: readonly number[];
  /** Letters of options; drawn of `A`, `a` and `1` where left out. */
  readonly lettering?: Lettering;
  /** Of records without any disease, the most that give samples of diseases; 50,000 as published. */
  readonly noFinding?: number;
  readonly signal?: AbortSignal;
  /** Called with the tasks that are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Tasks that records without a disease would fill. */
const OF_DISEASES = /Disease|Normal/;
const NO_FINDING_MOST = 50_000;
/** Times that records are asked where a task has a number of its own: beyond that they would rarely have anything new. */
const ROUNDS = 16;

/**
 * Samples of each task, in the order of tasks and of records drawn for them.
 *
 * @throws RangeError where a task is unknown, or the source gives no sample at all; the signal's reason where it was raised
 */
export async function buildInstructions(source: InstructSource, options: BuildInstructOptions): Promise<InstructSample[]> {
  const { key, tasks = instructTaskNames, perTask = Number.POSITIVE_INFINITY, samples: several = {}, onProgress } = options;
  const unknown = [...tasks, ...Object.keys(several)].find((name) => !instructTaskNames.includes(name));
  if (unknown !== undefined)
    throw new RangeError(`instruct: no task ${JSON.stringify(unknown)}; there are ${instructTaskNames.join(', ')}`);
  const samples: InstructSample[] = [];
  for (const [t, task] of TASKS.entries()) {
    if (!tasks.includes(task.name)) continue;
    const [most, rounds] = task.name in several ? [several[task.name]!, ROUNDS] : [perTask, 1];
    samples.push(
      ...(await samplesOf(source, task, foldIn(key, t), { ...options, most, rounds, order: foldIn(key, task.order ? TASKS.length : t) })),
    );
    onProgress?.(tasks.indexOf(task.name) + 1, tasks.length);
  }
  if (samples.length === 0) throw new RangeError(`instruct: ${source.name} gives no sample of ${tasks.join(', ')}`);
  return samples;
}

async function samplesOf(
  source: InstructSource,
  task: Task,
  key: Key,
  {
    most,
    rounds,
    order,
    records,
    lettering,
    noFinding = NO_FINDING_MOST,
    signal,
  }: BuildInstructOptions & { readonly most: number; readonly rounds: number; readonly order: Key },
): Promise<InstructSample[]> {
  const samples: InstructSample[] = [];
  const healthy = new Set<number>();
  const answered = new Map<string, number>();
  const asked = new Set<string>();
  /** Options that keep their order are right as often as each other: what would be more is left out. */
  const isTooMany = ({ answer, inOrder = [] }: Draft): boolean =>
    inOrder.some((other) => (answered.get(answer) ?? 0) > (answered.get(other) ?? 0));
  const isTaken = records && new Set(records);
  let seen = 0;
  for (let round = 0; round < rounds; round++)
    for (const i of permutation(foldIn(order, round), source.records.length)) {
      if (samples.length >= most) return samples;
      if (isTaken && !isTaken.has(i)) continue;
      if (++seen % 64 === 0) await nextTurn();
      signal?.throwIfAborted();
      const isHealthy = OF_DISEASES.test(task.name) && diseasesOf(source.records[i]!, 1).length === 0;
      if (isHealthy && !healthy.has(i) && healthy.size >= noFinding) continue;
      const own = foldIn(foldIn(key, 1 + round), i);
      const draft = task.make(source, i, draws(own));
      if (!draft || asked.has(`${draft.images} ${draft.question}`) || isTooMany(draft)) continue;
      asked.add(`${draft.images} ${draft.question}`);
      answered.set(draft.answer, (answered.get(draft.answer) ?? 0) + 1);
      if (isHealthy) healthy.add(i);
      samples.push(sampleOf(task.name, i, draft, samples.length, foldIn(own, 1), lettering));
    }
  return samples;
}

/** The right option is first in one sample, second in the next, and so on: no letter is right more often than another. */
function sampleOf(task: string, record: number, draft: Draft, number: number, key: Key, given: Lettering | undefined): InstructSample {
  const { images, question, answer, wrong, inOrder, text } = draft;
  const all = { task, record, images, asked: question, ...(text !== undefined && { text }) };
  const options = inOrder ?? (wrong && placed(answer, wrong, number, key));
  if (!options) return { ...all, question, answer, options: [], right: -1 };
  const lettering = given ?? letterings[randomInts(foldIn(key, 1), 1, 0, letterings.length)[0]!]!;
  const right = options.indexOf(answer);
  return { ...all, question: withOptions(question, options, lettering), answer: `${markOf(right, lettering)} ${answer}`, options, right };
}

function placed(answer: string, wrong: readonly string[], number: number, key: Key): string[] {
  const others = Array.from(permutation(foldIn(key, 0), wrong.length), (i) => wrong[i]!);
  others.splice(number % (wrong.length + 1), 0, answer);
  return others;
}

/** A sample as CheXinstruct's files have it. */
export interface PublishedSample {
  readonly unique_id: string;
  readonly study_id: string;
  readonly data_source: string;
  readonly task_name: string;
  readonly image_path: readonly string[];
  readonly text: string;
  readonly target_text: string;
  readonly options: readonly string[];
  readonly qa_pair: { readonly q: string; readonly a: string };
}

/** Samples as they are published, numbered by task. */
export function publishedSamples(source: InstructSource, samples: readonly InstructSample[]): PublishedSample[] {
  const counts = new Map<string, number>();
  return samples.map(({ task, record, images, question, answer, options, text = '' }) => {
    const number = counts.get(task) ?? 0;
    counts.set(task, number + 1);
    const { id, study = id } = source.records[record]!;
    return {
      unique_id: `${source.name}_${task.replaceAll(' ', '-').toLowerCase()}_${number}`,
      study_id: study,
      data_source: source.name,
      task_name: task,
      image_path: images.map((i) => source.path(i)),
      text,
      target_text: answer,
      options,
      qa_pair: { q: question, a: answer },
    };
  });
}

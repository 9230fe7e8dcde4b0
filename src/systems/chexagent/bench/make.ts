/** A bench of CheXbench's layout out of any source of instructions; of the phantom it is exact. */

import { foldIn, type Key } from '../../../engine';
import { buildInstructions, type InstructSample } from '../instruct/build';
import type { InstructSource } from '../instruct/source';
import { boxesIn } from '../instruct/words';
import { PLACES } from './file';

/** Which samples become which task of the bench; a slice says what a part of it is about. */
const TASKS: readonly { readonly task: string; readonly of: string; readonly slice?: string }[] = [
  { task: 'View Classification', of: 'View Classification' },
  { task: 'Binary Disease Classification', of: 'Binary Disease Classification' },
  { task: 'Single Disease Classification', of: 'Single Disease Classification' },
  { task: 'Multiple Disease Classification', of: 'Multiple Disease Classification' },
  { task: 'Temporal Image Classification', of: 'Temporal Image Classification' },
  { task: 'Visual Question Answering', of: 'View Matching', slice: 'same-view' },
  { task: 'Visual Question Answering', of: 'Temporal Patient Matching', slice: 'same-patient' },
  { task: 'Visual Question Answering', of: 'Image-Text Matching', slice: 'same-report' },
  { task: 'Fine-Grained Reasoning', of: 'Side Classification', slice: 'side' },
  { task: 'Fine-Grained Reasoning', of: 'Severity Classification', slice: 'severity' },
  { task: 'Fine-Grained Reasoning', of: 'Location Classification', slice: 'location' },
  { task: PLACES, of: 'Phrase Grounding' },
  { task: 'Findings Generation', of: 'Findings Generation with Indication' },
  { task: 'Findings Summarization', of: 'Findings Summarization' },
];

export interface MakeBenchOptions {
  readonly key: Key;
  /** The most items of a task, and of a slice. */
  readonly perTask: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** An item as the file has it. */
export type BenchItem = Readonly<Record<string, unknown>>;

/**
 * Items by task. Tasks that the source gives nothing for are left out.
 *
 * @returns also the records whose images it shows
 * @throws RangeError where the source gives nothing at all; the signal's reason where it was raised
 */
export async function makeCheXbench(
  source: InstructSource,
  { key, perTask, signal, onProgress }: MakeBenchOptions,
): Promise<{ readonly items: Readonly<Record<string, readonly BenchItem[]>>; readonly records: readonly number[] }> {
  const samples = await buildInstructions(source, {
    key: foldIn(key, 0),
    perTask,
    tasks: TASKS.map(({ of }) => of),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  const items: Record<string, BenchItem[]> = {};
  for (const { task, of, slice } of TASKS)
    for (const sample of samples.filter((one) => one.task === of)) {
      items[task] ??= [];
      items[task].push(itemOf(source, sample, slice));
    }
  const shown = samples.flatMap(({ images, record }) => (images.length > 0 ? images : [record]));
  return { items, records: [...new Set(shown)].sort((a, b) => a - b) };
}

function itemOf(
  source: InstructSource,
  { record, images, asked, answer, options, right, text }: InstructSample,
  slice: string | undefined,
): BenchItem {
  const shown = images.length > 0 ? images : [record]; // a summary names its image too
  const all = { data_source: source.name, ...(slice !== undefined && { slice }), image_path: shown.map((i) => source.path(i)).join('|') };
  if (right >= 0) {
    const listed = [0, 1, 2, 3].map((i) => [`option_${i}`, options[i] ?? null]);
    return { ...all, question: asked, ...Object.fromEntries(listed), answer: right };
  }
  const [box] = boxesIn(answer);
  if (box) return { ...all, question: asked, box };
  return images.length > 0
    ? { ...all, section_indication: text ?? '', section_findings: answer }
    : { ...all, section_findings: text ?? '', section_impression: answer };
}

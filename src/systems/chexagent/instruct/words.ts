/** Words of instructions: options with letters, boxes, findings of labels, sentences that compare. */

import type { ImageRecord } from '../../../datasets';
import type { PlacedBox } from './source';

/** How options are lettered. */
export const letterings = ['A', 'a', '1'] as const;
export type Lettering = (typeof letterings)[number];

/** An option's mark, such as `(B)`. */
export const markOf = (i: number, lettering: Lettering = 'A'): string =>
  `(${lettering === '1' ? i + 1 : String.fromCharCode(lettering.charCodeAt(0) + i)})`;

/** A question with its options and what to do, as CheXbench has it. */
export function withOptions(question: string, options: readonly string[], lettering: Lettering = 'A'): string {
  const marks = options.map((_, i) => markOf(i, lettering));
  const listed = options.map((option, i) => `${marks[i]} ${option}`).join(', ');
  return `${question}\nOptions: ${listed}\nDirectly answer the question by choosing one option: ${marks.join(', ')}.`;
}

/** A box as published: whole hundredths of the image's sides. */
export const boxText = ([x1, y1, x2, y2]: PlacedBox): string => `<|box|>(${x1},${y1}),(${x2},${y2})<|/box|>`;

const BOX = /<\|box\|>\((\d+),(\d+)\),\((\d+),(\d+)\)<\|\/box\|>/g;

/** The boxes of a text, blanks inside them or not; those that end before they begin are none. */
export function boxesIn(text: string): PlacedBox[] {
  return [...text.replace(/\s+/g, '').matchAll(BOX)]
    .map(([, ...numbers]) => numbers.map(Number) as unknown as PlacedBox)
    .filter(([x1, y1, x2, y2]) => x1 < x2 && y1 < y2 && Math.max(x2, y2) <= 100);
}

/** Area of what two boxes share over that of both. */
export function boxOverlap(a: PlacedBox, b: PlacedBox): number {
  const side = (from: number, to: number): number => Math.max(0, Math.min(a[to]!, b[to]!) - Math.max(a[from]!, b[from]!));
  const area = ([x1, y1, x2, y2]: PlacedBox): number => (x2 - x1) * (y2 - y1);
  const shared = side(0, 2) * side(1, 3);
  return shared / (area(a) + area(b) - shared);
}

/** What an uncertain label counts as, as published; those of other labels are left out. */
const UNCERTAIN: Readonly<Record<string, 0 | 1>> = {
  Atelectasis: 1,
  Cardiomegaly: 0,
  Consolidation: 0,
  Edema: 1,
  'Pleural Effusion': 1,
};

/** What is there and what is not, uncertain ones by the published rule. */
export function settledLabels({ labels, uncertain = [] }: Pick<ImageRecord, 'labels' | 'uncertain'>): Record<string, 0 | 1> {
  const settled = uncertain.flatMap((label) => (UNCERTAIN[label] === undefined ? [] : [[label, UNCERTAIN[label]] as const]));
  return { ...labels, ...Object.fromEntries(settled) };
}

export const NO_FINDING = 'No Finding';

/** Labels that are no disease. */
const NO_DISEASE = [NO_FINDING, 'Support Devices', 'No finding', 'normal'];

/** Diseases of a record, those that it has or those that it has not. */
export const diseasesOf = (record: Pick<ImageRecord, 'labels' | 'uncertain'>, value: 0 | 1): string[] =>
  Object.entries(settledLabels(record)).flatMap(([label, known]) =>
    known === value && !NO_DISEASE.includes(label) ? [inWords(label)] : [],
  );

/** A label as running text has it. */
export const inWords = (label: string): string => label.toLowerCase().replaceAll('_', ' ');

/** Words of sentences that compare with an earlier image, which an answer of one image can't know. */
const COMPARING =
  /\b(compared?|comparison|prior|previous(ly)?|again|new(ly)?|un?changed|interval(ly)?|stable|increas(ed?|ing)|decreas(ed?|ing)|improv(ed?|ing|ement)|worsen(ed|ing)?|persist(s|ent|ing)?|resol(ved|ving|ution)|remains?|(larger|smaller|more|less|better|worse) than|removed|since)\b/i;

/** A section's sentences, without the numbers of a list. */
export const sentences = (text: string): string[] => text.split(/(?<=[.!?])\s+/).filter((sentence) => !/^(\d+[.)])?$/.test(sentence));

/** A section without the sentences that compare; '' where nothing is left. */
export const withoutComparisons = (text: string): string =>
  sentences(text)
    .filter((sentence) => !COMPARING.test(sentence))
    .join(' ');

/** `a, b and c`. */
export const listed = (items: readonly string[], last: 'and' | 'or' = 'and'): string =>
  items.length > 1 ? `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}` : (items[0] ?? '');

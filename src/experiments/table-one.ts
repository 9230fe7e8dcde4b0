/** Table 1 of RoentGen (arXiv:2211.12737) for any dataset: images, lengths of texts, labels, views. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Dataset, ImageRecord } from '../datasets';
import { recordsOf } from '../datasets/internal';
import type { Tokenizer } from '../tokenizers';

/** Mean and standard deviation (of a sample: over n - 1). */
export interface Spread {
  readonly mean: number;
  readonly std: number;
}

/** One column of the table. */
export interface TableOnePart {
  readonly name: string;
  readonly images: number;
  /** Absent for the paper's own. */
  readonly patients?: number;
  readonly views?: Readonly<Record<string, number>>;
  readonly characters: Spread;
  /** Of the whole text, with the marks of its beginning and end. */
  readonly tokens: Spread;
  /** Texts that are longer than the tokenizer's window, and cut where a model reads them. */
  readonly cut?: number;
  /** How many images show each of the 14 labels; a label that the dataset does not have is not a key. */
  readonly labels: Readonly<Record<string, number>>;
}

/** The table's labels in its order, and what datasets call them. */
const LABELS: Readonly<Record<string, readonly string[]>> = {
  Atelectasis: ['atelectasis'],
  Cardiomegaly: ['cardiomegaly'],
  Consolidation: ['consolidation'],
  Edema: ['edema'],
  'Enlarged Cardiomediastinum': ['enlarged cardiomediastinum', 'widened mediastinum'],
  Fracture: ['fracture'],
  'Lung Lesion': ['lung lesion', 'mass', 'nodule'],
  'Lung Opacity': ['lung opacity', 'infiltration'],
  'No Finding': ['no finding'],
  'Pleural Effusion': ['pleural effusion', 'effusion'],
  'Pleural Other': ['pleural other', 'pleural thickening'],
  Pneumonia: ['pneumonia'],
  Pneumothorax: ['pneumothorax'],
  'Support Devices': ['support devices', 'pacemaker', 'endotracheal tube', 'central line', 'feeding tube', 'chest tube', 'sternal wires'],
};

/** The names of the table's 14 labels. */
export const tableOneLabels: readonly string[] = Object.keys(LABELS);

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/** Whether an image shows a label; undefined where its record does not say. Without a label of its own, "No Finding" is that all labels are absent. */
function shows(label: string, { labels }: ImageRecord): boolean | undefined {
  const values = LABELS[label]!.flatMap((name) => labels[name] ?? []);
  if (values.length > 0) return values.includes(1);
  const all = Object.values(labels);
  return label === 'No Finding' && all.length > 0 ? !all.includes(1) : undefined;
}

/**
 * The table's column for a dataset.
 *
 * @param labelsOf  finds the labels in a text, lower-case, where the dataset has none of its own
 * @throws RangeError where there are no records
 */
export function tableOnePart(
  name: string,
  dataset: Dataset,
  tokenizer: Tokenizer,
  labelsOf?: (text: string) => ImageRecord['labels'],
): TableOnePart {
  const records = recordsOf(dataset).map((record) => (labelsOf ? { ...record, labels: labelsOf(record.text) } : record));
  if (records.length === 0) throw new RangeError(`tableOnePart: ${name} has no images`);
  const lengths = new Map<string, number>();
  for (const { text } of records) if (!lengths.has(text)) lengths.set(text, tokenizer.ids(text).length);
  const tokens = records.map(({ text }) => lengths.get(text)!);
  const views: Record<string, number> = {};
  for (const { view = 'unknown' } of records) {
    const name = view === 'LATERAL' ? 'lateral' : view; // the phantom's spelling
    views[name] = (views[name] ?? 0) + 1;
  }
  const labels = tableOneLabels.flatMap((label): [string, number][] => {
    const found = records.map((record) => shows(label, record));
    return found.every((each) => each === undefined) ? [] : [[label, found.filter(Boolean).length]];
  });
  return {
    name,
    images: records.length,
    patients: new Set(records.map(({ patient }) => patient)).size,
    views,
    characters: spread(records.map(({ text }) => [...text].length)),
    tokens: spread(tokens),
    cut: tokens.filter((length) => length > tokenizer.maxLength).length,
    labels: Object.fromEntries(labels),
  };
}

/** The paper's own columns: of MIMIC-CXR, and never to be taken for anybody else's. */
export function tableOneOfPaper(): TableOnePart[] {
  const path = resolve(__dirname, '..', '..', 'data', 'paper', 'table1.json');
  const { parts } = JSON.parse(readFileSync(path, 'utf8')) as { parts: TableOnePart[] };
  return parts.map((part) => ({ ...part, name: `paper: ${part.name}` }));
}

/** The table as rows of text: what is counted, then a cell for each part; "–" where a part does not know it. */
export function tableOneRows(parts: readonly TableOnePart[]): string[][] {
  const number = (value: number | undefined): string => (value === undefined ? '–' : value.toLocaleString('en-US'));
  const ofSpread = ({ mean, std }: Spread): string => `${mean.toFixed(1)} ± ${std.toFixed(1)}`;
  const views = [...new Set(parts.flatMap((part) => Object.keys(part.views ?? {})))].sort();
  const row = (name: string, cell: (part: TableOnePart) => string): string[] => [name, ...parts.map(cell)];
  return [
    row('', ({ name }) => name),
    row('Images', ({ images }) => number(images)),
    row('Patients', ({ patients }) => number(patients)),
    ...views.map((view) => row(`View ${view}`, (part) => (part.views ? number(part.views[view] ?? 0) : '–'))),
    row('Characters', ({ characters }) => ofSpread(characters)),
    row('Tokens', ({ tokens }) => ofSpread(tokens)),
    row('Texts cut', ({ cut }) => number(cut)),
    ...tableOneLabels.map((label) => row(label, ({ labels }) => number(labels[label]))),
  ];
}

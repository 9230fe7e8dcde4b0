/** Radiographs with their reports and labels, as models that are asked learn from them and are measured on them. */

import {
  type Dataset,
  type ImageRecord,
  type LoadPixelsOptions,
  openPhantom,
  type PhantomDataset,
  type Projection,
  pixelRows,
  withContrast,
  writeReport,
} from '../../datasets';
import { chexpertLabels, recordsOf } from '../../datasets/internal';
import type { Rows } from '../../files';
import { labelReport } from '../../reports';
import { projectedRows } from './projected';

export interface Radiographs {
  readonly dataset: Dataset;
  /** With CheXpert's labels; `sections` where there is a report. */
  readonly records: readonly ImageRecord[];
  /** Grey images, size × size a row, 0 to 1, in the records' order. */
  readonly pixels: Rows;
}

export interface PhantomRadiographsOptions {
  readonly seed: number;
  readonly count: number;
  /** `['PA', 'AP']` if not given. */
  readonly views?: readonly Projection[];
  /** Share of patients who are children. */
  readonly children?: number;
}

/** The phantom's studies as a radiologist reports them. */
export const phantomStudiesToAsk = ({ seed, count, views = ['PA', 'AP'], children = 0 }: PhantomRadiographsOptions): PhantomDataset =>
  openPhantom({ seed, count, style: 'impression', views, children });

/** A record of the phantom with its whole report and CheXpert's labels. */
export function phantomRecord(phantom: PhantomDataset, i: number): ImageRecord {
  const study = phantom.study(i);
  const { indication, comparison, findings, impression } = writeReport(study);
  return {
    ...phantom.record(i),
    study: `${phantom.record(i).patient}-${study.number}`,
    sections: { indication, comparison, findings: findings.text, impression: impression.text },
    labels: chexpertLabels(study),
  };
}

/** How the phantom's studies become images: as they are; as by a machine that shows contrast in another way (CLAHE); by another renderer (`projectedRows`). */
export type PhantomLook = 'usual' | 'clahe' | 'projected';

/**
 * Studies of the phantom with their reports, at one size.
 *
 * @throws the signal's reason where it was raised
 */
export async function phantomRadiographs(
  options: PhantomRadiographsOptions,
  size: number,
  { look = 'usual', ...reading }: LoadPixelsOptions & { readonly look?: PhantomLook } = {},
): Promise<Radiographs> {
  const phantom = phantomStudiesToAsk(options);
  const pixels =
    look === 'projected'
      ? await projectedRows(phantom, size, reading)
      : await pixelRows(look === 'clahe' ? withContrast(phantom, 'clahe') : phantom, size, reading);
  return { dataset: phantom, records: labelledRecords(phantom), pixels };
}

/**
 * Those of a data set, frontal and lateral; labels that the data set does not give are read out of its reports.
 *
 * @throws as `pixelRows`
 */
export async function datasetRadiographs(dataset: Dataset, size: number, reading: LoadPixelsOptions = {}): Promise<Radiographs> {
  return { dataset, records: labelledRecords(dataset), pixels: await pixelRows(dataset, size, reading) };
}

/** Records with what is known of them: the phantom's with reports, others with labels out of their reports where they give none. */
export function labelledRecords(dataset: Dataset): ImageRecord[] {
  if ((dataset as Partial<PhantomDataset>).study) {
    return Array.from({ length: dataset.length }, (_, i) => phantomRecord(dataset as PhantomDataset, i));
  }
  return recordsOf(dataset).map((record) => (Object.keys(record.labels).length > 0 ? record : labelled(record)));
}

function labelled(record: ImageRecord): ImageRecord {
  const { findings = '', impression = '' } = record.sections ?? {};
  const { labels } = labelReport(`${findings}\n${impression}`.trim() || record.text);
  const known = Object.entries(labels).filter(([, value]) => value === 0 || value === 1);
  return { ...record, labels: Object.fromEntries(known) as ImageRecord['labels'] };
}

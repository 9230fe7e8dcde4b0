/** Studies of a data set whose records name their study: MIMIC-CXR's layout, Open-i's, tables with a column `study`. */

import { type Dataset, type ImageRecord, pixelRows, subset } from '../../../datasets';
import { recordsOf } from '../../../datasets/internal';
import { trainAndTest } from '../../train-and-test';
import { type ChestView, viewNamed } from '../sequence/views';
import { type ReadViewsOptions, reportText, type ViewStudies, type ViewStudy, type ViewStudyParts } from './studies';

/**
 * Both parts of a data set: as published where it is divided (its training and its test part), else by patient. Left out, and counted: images of other views,
 * studies without a report, and a study's images beyond as many as a sequence has room for, later ones first.
 *
 * @throws RangeError where no image names its study, or a part has none with a report
 */
export async function datasetViewStudies(dataset: Dataset, options: ReadViewsOptions): Promise<ViewStudyParts> {
  const records = recordsOf(dataset);
  if (!records.some(({ study }) => study !== undefined))
    throw new RangeError(
      `${dataset.name}: no image names its study; expected one whose studies have several views, such as MIMIC-CXR or Open-i`,
    );
  const { train, test } = trainAndTest(dataset);
  return { train: await partOf(train, options), test: await partOf(test, options) };
}

async function partOf(dataset: Dataset, { size, images: most, onNote, ...reading }: ReadViewsOptions): Promise<ViewStudies> {
  const counts = { view: 0, report: 0, more: 0 };
  const byStudy = new Map<string, { record: ImageRecord; view: ChestView; index: number }[]>();
  recordsOf(dataset).forEach((record, index) => {
    const view = viewNamed(record.view ?? '');
    if (view === undefined) counts.view++;
    else if (wholeReport(record) === '') counts.report++;
    else {
      const name = record.study ?? record.id;
      const images = byStudy.get(name) ?? [];
      if (images.length === most) counts.more++;
      else byStudy.set(name, [...images, { record, view, index }]);
    }
  });
  if (byStudy.size === 0)
    throw new RangeError(`${dataset.name}: a part of it has no study with a report and a view that is known (AP, PA, LATERAL, LL)`);
  if (counts.view > 0) onNote?.(`${counts.view} images of unknown or other views are left out.`);
  if (counts.report > 0) onNote?.(`${counts.report} images of studies without a report are left out.`);
  if (counts.more > 0) onNote?.(`${counts.more} images beyond ${most} of a study are left out.`);
  const rows: number[] = [];
  const studies = [...byStudy].map(([id, images]): ViewStudy => {
    const { record } = images[0]!;
    return {
      id,
      patient: record.group ?? record.patient,
      report: wholeReport(record),
      labels: record.labels,
      images: images.map(({ view, index }) => ({ view, row: rows.push(index) - 1 })),
    };
  });
  const pixels = await pixelRows(subset(dataset, rows), size, { ...reading, ...(onNote && { onNote }) });
  return { studies, pixels };
}

/** FINDINGS and IMPRESSION, or the record's own text. */
function wholeReport({ sections, text }: ImageRecord): string {
  const { findings = '', impression = '' } = sections ?? {};
  return reportText(`${findings} ${impression}`) || reportText(text);
}

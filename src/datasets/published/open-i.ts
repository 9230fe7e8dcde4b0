/** Open-i's chest X-rays of Indiana University. Demner-Fushman et al. 2016, doi:10.1093/jamia/ocv080. The text of an image is its report's impression. */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FileError } from '../../files';
import type { Dataset, ImageRecord, RecordSections } from '../dataset';
import { findImages } from '../find-images';
import { isEmptyCell, readTable } from '../read-table';
import { reportsDataset } from '../reports-only';
import { type TableEntry, tableDataset } from '../table';
import { type LeftOut, leftOut } from './left-out';
import { findGold, type GoldLabels, readGold } from './open-i-gold';
import { cleanSections, type OpenIReport, readOpenI } from './open-i-reports';

const about = {
  name: 'Open-i',
  credit: 'Open-i, Indiana University chest X-ray collection, CC BY-NC-ND 4.0.',
};

/** Kaggle's form: reports and images in two tables, joined by `uid`. */
const REPORTS = 'indiana_reports.csv';
const IMAGES = 'indiana_projections.csv';

/** The folder of reports in the published archive, and the archive. */
const XML = ['ecgen-radiology', 'NLMCXR_reports', 'NLMCXR_reports.tgz'];

/** What makes a folder one of this collection: the table of reports, the folder of XML files, or their archive. */
export function findOpenI(folder: string): string | undefined {
  return [REPORTS, ...XML].map((name) => join(folder, name)).find((path) => existsSync(path));
}

export interface OpenIOptions {
  /** Table of gold labels; by default `openi_gld_std14.csv` of the folder, of its folder `labels`, or of one of that name beside it. */
  readonly gold?: string;
}

/**
 * Opens a folder with Kaggle's `indiana_reports.csv` and `indiana_projections.csv`, of which frontal images are taken; or with the reports as published
 * (`NLMCXR_reports.tgz`, or its XML files in `ecgen-radiology` or `NLMCXR_reports`), which do not say which image is frontal. Images may lie in any folders below. What has no image, no
 * impression or another view is left out and counted. Where no image of the published reports is here, the reports alone make a dataset without images. Each
 * report is another patient's. Labels are the gold ones, where their table is here; reports that it does not have are without.
 *
 * @throws FileError where a table, a column or, of Kaggle's form, all images are missing, or a file is not what it should be
 */
export async function openOpenI(folder: string, { gold }: OpenIOptions = {}): Promise<Dataset> {
  const found = findOpenI(folder);
  if (found === undefined) throw new FileError(folder, `has neither ${REPORTS} nor ${XML.join(' or ')}`);
  const path = gold ?? findGold(folder);
  const labels = path === undefined ? undefined : await readGold(path);
  return basename(found) === REPORTS ? openTables(folder, labels) : openXml(folder, found, labels);
}

const NO_IMAGE = 'have no image here';
const NO_IMPRESSION = 'have no impression';

/** Whether a report has an impression that says something. */
const concludes = ({ impression = '' }: RecordSections): boolean => !isEmptyCell(impression);

/** What records of a report have in common. */
function describe(report: string, sections: RecordSections, gold: GoldLabels | undefined): Omit<ImageRecord, 'id'> {
  return { patient: report, study: report, text: sections.impression ?? '', sections, labels: gold?.of(report) ?? {}, sides: {} };
}

/** How many reports have no gold label, as a note; none where there is no table of them. */
function goldNotes(reports: readonly string[], gold: GoldLabels | undefined): string[] {
  const all = [...new Set(reports)];
  const without = gold === undefined ? 0 : all.filter((report) => !gold.has(report)).length;
  return without === 0 ? [] : [`${without} of ${all.length} reports are not in the table of gold labels and have none.`];
}

async function openTables(folder: string, gold: GoldLabels | undefined): Promise<Dataset> {
  const [reportsPath, imagesPath] = [join(folder, REPORTS), join(folder, IMAGES)];
  const reports = await readTable(reportsPath, ['uid', 'impression']);
  const sectionsOf = new Map<string, RecordSections>();
  for (const { number, cells } of reports.rows) {
    const { uid, impression, findings = '', indication = '', comparison = '' } = cells as Record<string, string>;
    if (sectionsOf.has(uid!)) throw new FileError(reportsPath, `row ${number}: column uid: the report has a row already`);
    const filled = Object.entries({ impression, findings, indication, comparison }).filter(([, text]) => !isEmptyCell(text!));
    sectionsOf.set(uid!, cleanSections(Object.fromEntries(filled)));
  }
  const images = await readTable(imagesPath, ['uid', 'filename', 'projection']);
  const find = await findImages(folder);
  const out = leftOut();
  const entries = images.rows.flatMap(({ number, cells }): TableEntry[] => {
    const { uid, filename, projection } = cells as Record<'uid' | 'filename' | 'projection', string>;
    const sections = sectionsOf.get(uid);
    if (sections === undefined) throw new FileError(imagesPath, `row ${number}: column uid: there is no such report in ${REPORTS}`);
    if (projection !== 'Frontal' && projection !== 'Lateral')
      throw new FileError(imagesPath, `row ${number}: column projection: expected Frontal or Lateral, got ${JSON.stringify(projection)}`);
    const file = find(filename);
    if (file !== undefined && projection === 'Frontal' && concludes(sections)) {
      const record = { id: filename, ...describe(`CXR${uid}`, sections, gold), patient: uid, view: 'frontal' };
      return [{ record, file, row: number }];
    }
    out.count(file === undefined ? NO_IMAGE : projection === 'Lateral' ? 'are lateral' : NO_IMPRESSION);
    return [];
  });
  const notes = out.notes(images.rows.length, `rows of ${IMAGES}`);
  if (entries.length === 0)
    throw new FileError(imagesPath, `names no frontal image that is here and has an impression. ${notes.join(' ')}`);
  const labelled = goldNotes(
    entries.map(({ record }) => record.study!),
    gold,
  );
  return tableDataset({ ...about, findings: gold?.findings ?? [], folder, table: imagesPath, entries, notes: [...notes, ...labelled] });
}

async function openXml(folder: string, path: string, gold: GoldLabels | undefined): Promise<Dataset> {
  const reports = await readOpenI(path);
  const find = await findImages(folder);
  const out = leftOut();
  const entries: TableEntry[] = [];
  let [named, here] = [0, 0];
  for (const { id, sections, images } of reports) {
    named += images.length;
    for (const image of images) {
      const file = find(image);
      if (file !== undefined) here++;
      if (file !== undefined && concludes(sections)) entries.push({ record: { id: image, ...describe(id, sections, gold) }, file });
      else out.count(file === undefined ? NO_IMAGE : NO_IMPRESSION);
    }
  }
  if (here === 0) return withoutImages(folder, reports, gold, leftOut());
  const notes = out.notes(named, 'images that the reports name');
  if (entries.length === 0) throw new FileError(path, `holds no report with an impression whose images are here. ${notes.join(' ')}`);
  const views = `The reports do not say which image is frontal: frontal and lateral ones are taken alike (${REPORTS} and ${IMAGES} tell them apart).`;
  const labelled = goldNotes(
    entries.map(({ record }) => record.study!),
    gold,
  );
  return tableDataset({ ...about, findings: gold?.findings ?? [], folder, table: path, entries, notes: [...notes, views, ...labelled] });
}

function withoutImages(folder: string, reports: readonly OpenIReport[], gold: GoldLabels | undefined, out: LeftOut): Dataset {
  const records = reports.flatMap(({ id, sections }): ImageRecord[] => {
    if (concludes(sections)) return [{ id, source: about.name, ...describe(id, sections, gold) }];
    out.count(NO_IMPRESSION);
    return [];
  });
  if (records.length === 0) throw new FileError(folder, 'holds reports, but none has an impression');
  const labelled = goldNotes(
    records.map(({ id }) => id),
    gold,
  );
  return reportsDataset({
    ...about,
    findings: gold?.findings ?? [],
    folder,
    records,
    notes: [...out.notes(reports.length, 'reports'), ...labelled],
    withoutImages: 'these are reports alone: extract NLMCXR_png.tgz of Open-i into the folder',
  });
}

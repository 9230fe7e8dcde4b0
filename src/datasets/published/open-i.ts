/** Open-i's chest X-rays of Indiana University. Demner-Fushman et al. 2016, doi:10.1093/jamia/ocv080. The text of an image is its report's impression. */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SaxesParser } from 'saxes';
import { FileError, readText } from '../../files';
import type { Dataset } from '../dataset';
import { filesBelow, findImages } from '../find-images';
import { isEmptyCell, readTable } from '../read-table';
import { type TableEntry, tableDataset } from '../table';
import { leftOut } from './left-out';

const about = {
  name: 'Open-i',
  credit: 'Open-i, Indiana University chest X-ray collection, CC BY-NC-ND 4.0.',
  findings: [],
};

/** Kaggle's form: reports and images in two tables, joined by `uid`. */
const REPORTS = 'indiana_reports.csv';
const IMAGES = 'indiana_projections.csv';

/** The folder of reports in the published archive. */
const XML_FOLDERS = ['ecgen-radiology', 'NLMCXR_reports'];

/** What makes a folder one of this collection: the table of reports, or the folder of XML files. */
export function findOpenI(folder: string): string | undefined {
  const names = [REPORTS, ...XML_FOLDERS];
  return names.map((name) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * Opens a folder with Kaggle's `indiana_reports.csv` and `indiana_projections.csv`, of which frontal images are taken, or with the reports as published (XML
 * files in `ecgen-radiology` or `NLMCXR_reports`), which do not say which image is frontal. Images may lie in any folders below. What has no image, no
 * impression or another view is left out and counted. Each report is another patient's.
 *
 * @throws FileError where a table, a column or all images are missing, or a file is not what it should be
 */
export async function openOpenI(folder: string): Promise<Dataset> {
  const found = findOpenI(folder);
  if (found === undefined) throw new FileError(folder, `has neither ${REPORTS} nor a folder ${XML_FOLDERS.join(' or ')}`);
  return basename(found) === REPORTS ? openTables(folder) : openXml(folder, found);
}

const NO_IMAGE = 'have no image here';
const NO_IMPRESSION = 'have no impression';

async function openTables(folder: string): Promise<Dataset> {
  const [reportsPath, imagesPath] = [join(folder, REPORTS), join(folder, IMAGES)];
  const reports = await readTable(reportsPath, ['uid', 'impression']);
  const impressions = new Map(reports.rows.map(({ cells }) => [cells.uid!, cells.impression!.trim()]));
  const images = await readTable(imagesPath, ['uid', 'filename', 'projection']);
  const find = await findImages(folder);
  const out = leftOut();
  const entries = images.rows.flatMap(({ number, cells }): TableEntry[] => {
    const { uid, filename, projection } = cells as Record<'uid' | 'filename' | 'projection', string>;
    const text = impressions.get(uid);
    if (text === undefined) throw new FileError(imagesPath, `row ${number}: column uid: there is no such report in ${REPORTS}`);
    if (projection !== 'Frontal' && projection !== 'Lateral')
      throw new FileError(imagesPath, `row ${number}: column projection: expected Frontal or Lateral, got ${JSON.stringify(projection)}`);
    const file = find(filename);
    if (file !== undefined && projection === 'Frontal' && !isEmptyCell(text))
      return [{ record: { id: filename, patient: uid, text, view: 'frontal', labels: {}, sides: {} }, file, row: number }];
    out.count(file === undefined ? NO_IMAGE : projection === 'Lateral' ? 'are lateral' : NO_IMPRESSION);
    return [];
  });
  const notes = out.notes(images.rows.length, `rows of ${IMAGES}`);
  if (entries.length === 0)
    throw new FileError(imagesPath, `names no frontal image that is here and has an impression. ${notes.join(' ')}`);
  return tableDataset({ ...about, folder, table: imagesPath, entries, notes });
}

async function openXml(folder: string, reportFolder: string): Promise<Dataset> {
  const files = (await filesBelow(reportFolder)).filter((path) => path.endsWith('.xml'));
  if (files.length === 0) throw new FileError(reportFolder, 'holds no reports; extract NLMCXR_reports.tgz, XML files, into it');
  const find = await findImages(folder);
  const out = leftOut();
  const entries: TableEntry[] = [];
  let named = 0;
  for (const path of files) {
    const { id, impression, images } = parseReport(path, await readText(path));
    named += images.length;
    for (const image of images) {
      const file = find(image);
      if (file !== undefined && !isEmptyCell(impression))
        entries.push({ record: { id: image, patient: id, text: impression, labels: {}, sides: {} }, file });
      else out.count(file === undefined ? NO_IMAGE : NO_IMPRESSION);
    }
  }
  const notes = out.notes(named, 'images that the reports name');
  if (entries.length === 0)
    throw new FileError(
      reportFolder,
      `holds reports, but no image that they name is here with an impression; extract NLMCXR_png.tgz too. ${notes.join(' ')}`,
    );
  const views = `The reports do not say which image is frontal: frontal and lateral ones are taken alike (${REPORTS} and ${IMAGES} tell them apart).`;
  return tableDataset({ ...about, folder, table: reportFolder, entries, notes: [...notes, views] });
}

interface Report {
  readonly id: string;
  readonly impression: string;
  /** Names of files without ending. */
  readonly images: readonly string[];
}

/** What is needed of one XML report. @throws FileError where it is not XML or has no id */
function parseReport(path: string, xml: string): Report {
  let [id, impression, inImpression] = ['', '', false];
  const images: string[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw new FileError(path, `is not valid XML: ${error.message}`, error);
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'uId') id = attributes.id ?? '';
    if (name === 'parentImage' && attributes.id) images.push(attributes.id);
    inImpression = name === 'AbstractText' && attributes.Label === 'IMPRESSION';
  });
  parser.on('closetag', () => {
    inImpression = false;
  });
  const take = (text: string): void => {
    if (inImpression) impression += text;
  };
  parser.on('text', take);
  parser.on('cdata', take);
  parser.write(xml).close();
  if (id === '') throw new FileError(path, 'has no report id (uId)');
  return { id, impression: impression.replace(/\s+/g, ' ').trim(), images };
}

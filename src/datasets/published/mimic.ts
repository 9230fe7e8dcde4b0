/** MIMIC-CXR-JPG. Johnson et al. 2019, arXiv:1901.07042. The text of an image is the impression of its study's report (MIMIC-CXR, doi:10.1038/s41597-019-0322-0). */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileError, readText } from '../../files';
import type { Dataset } from '../dataset';
import { readLabels } from '../folder';
import { inBatches } from '../in-batches';
import { isFile } from '../is-file';
import { isEmptyCell, type Row, readTable } from '../read-table';
import { type TableEntry, tableDataset } from '../table';
import { leftOut } from './left-out';

/** A table of the collection, such as `mimic-cxr-2.0.0-metadata.csv.gz`; undefined where it is not there. */
export function findMimicTable(folder: string, name: 'metadata' | 'chexpert' | 'split'): string | undefined {
  const pattern = new RegExp(`^mimic-cxr-[\\d.]+-${name}\\.csv(\\.gz)?$`);
  const file = readdirSync(folder)
    .sort()
    .find((each) => pattern.test(each));
  return file && join(folder, file);
}

/** The table that makes a folder one of this collection. */
export function findMimic(folder: string): string | undefined {
  return findMimicTable(folder, 'metadata');
}

/** Frontal views, as the column `ViewPosition` has them. */
const FRONTAL = ['PA', 'AP'];

/** Where the reports' `files` may lie: among the images, or in a folder of the name of their archive. */
const REPORT_FOLDERS = ['.', 'mimic-cxr-reports'];

const FILES_AT_A_TIME = 256;

/**
 * Opens a folder as published: `mimic-cxr-2.0.0-metadata.csv` and, for labels, `-chexpert.csv` (also `.csv.gz`), images
 * `files/p10/p10000032/s50414267/<dicom>.jpg` (or `.png`) and reports `files/p10/p10000032/s50414267.txt`, these also in a folder `mimic-cxr-reports`. PA and AP views are
 * taken; what has no image here, another view or no impression is left out and counted. The published split is not used.
 *
 * @throws FileError where table, column, all images or all reports are missing, or a cell is not what it should be
 */
export async function openMimic(folder: string): Promise<Dataset> {
  const path = findMimic(folder);
  if (path === undefined) throw new FileError(folder, 'has no table mimic-cxr-2.0.0-metadata.csv');
  const { rows } = await readTable(path, ['dicom_id', 'subject_id', 'study_id', 'ViewPosition']);
  const images = rows.map((row) => ({ row, ...placeOf(path, row) }));
  const files = await inBatches(images, FILES_AT_A_TIME, ({ image }) => findImage(folder, image));
  const frontal = images.filter(({ row }, i) => files[i] && FRONTAL.includes(row.cells.ViewPosition!));
  const studies = [...new Set(frontal.map(({ study }) => study))];
  const texts = await inBatches(studies, FILES_AT_A_TIME, (study) => readImpression(folder, study));
  const impressions = new Map(studies.map((study, i) => [study, texts[i]]));
  const { names, labelsOf } = await readChexpert(folder);

  const out = leftOut();
  const entries = images.flatMap(({ row, study }, i): TableEntry[] => {
    const file = files[i];
    const { dicom_id: id, subject_id: patient, study_id: studyId, ViewPosition: view } = row.cells as Record<string, string>;
    const text = impressions.get(study);
    if (text !== undefined && file && FRONTAL.includes(view!))
      return [{ record: { id: id!, patient: patient!, text, view: view!, labels: labelsOf(studyId!), sides: {} }, file, row: row.number }];
    out.count(!file ? 'have no image here' : FRONTAL.includes(view!) ? 'have no report with an impression here' : 'are no PA or AP view');
    return [];
  });
  const notes = out.notes(rows.length, 'rows of the metadata');
  if (entries.length === 0) throw new FileError(path, `names no PA or AP image that is here with its report. ${notes.join(' ')}`);
  return tableDataset({
    name: 'MIMIC-CXR',
    credit: 'MIMIC-CXR-JPG, PhysioNet; credentialed access: neither images nor texts may be passed on.',
    findings: names,
    folder,
    table: path,
    entries,
    notes,
  });
}

/** Where a row's image and its study lie. @throws FileError where a cell is no id */
function placeOf(path: string, { number, cells }: Row): { image: string; study: string } {
  const { dicom_id: dicom, subject_id: subject, study_id: study } = cells as Record<string, string>;
  if (!/^\d+$/.test(subject!) || !/^\d+$/.test(study!))
    throw new FileError(path, `row ${number}: columns subject_id, study_id: expected numbers`);
  if (!/^[\w-]+$/.test(dicom!)) throw new FileError(path, `row ${number}: column dicom_id: expected a file's name without ending`);
  const folder = join('files', `p${subject!.slice(0, 2)}`, `p${subject}`, `s${study}`);
  return { image: join(folder, dicom!), study: folder };
}

/** An image's file; undefined where it is not here. The phantom writes PNG in this layout (`writePhantom`). */
async function findImage(folder: string, image: string): Promise<string | undefined> {
  for (const ending of ['jpg', 'png']) if (await isFile(join(folder, `${image}.${ending}`))) return `${image}.${ending}`;
  return undefined;
}

/** The impression of a study's report; undefined where there is none of either. */
async function readImpression(folder: string, study: string): Promise<string | undefined> {
  for (const place of REPORT_FOLDERS) {
    const path = join(folder, place, `${study}.txt`);
    if (await isFile(path)) return findImpression(await readText(path));
  }
  return undefined;
}

/** The text below the last heading IMPRESSION or CONCLUSION, up to the next heading, on one line; undefined where there is none. */
function findImpression(report: string): string | undefined {
  const parts = report.split(/^[ \t]*([A-Z][A-Z /,&()-]*):/m); // text, heading, text, heading, …
  for (let at = parts.length - 2; at > 0; at -= 2) {
    if (!/^(IMPRESSION|CONCLUSION)S?$/.test(parts[at]!.trim())) continue;
    const text = parts[at + 1]!.replace(/\s+/g, ' ').trim();
    return isEmptyCell(text) ? undefined : text;
  }
  return undefined;
}

/** CheXpert's labels of studies, lower-case; none where the table is not here. */
async function readChexpert(folder: string): Promise<{ names: string[]; labelsOf: (study: string) => Record<string, 0 | 1> }> {
  const path = findMimicTable(folder, 'chexpert');
  if (path === undefined) return { names: [], labelsOf: () => ({}) };
  const { rows, columns } = await readTable(path, ['subject_id', 'study_id']);
  const names = columns.filter((name) => name !== 'subject_id' && name !== 'study_id');
  const labels = new Map(rows.map((row) => [row.cells.study_id!, readLabels(path, row, names, (name) => name.toLowerCase())]));
  return { names: names.map((name) => name.toLowerCase()), labelsOf: (study) => labels.get(study) ?? {} };
}

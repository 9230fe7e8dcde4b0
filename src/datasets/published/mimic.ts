/** MIMIC-CXR, as JPEG or as DICOM. Johnson et al. 2019, arXiv:1901.07042. The text of an image is the impression of its study's report (MIMIC-CXR, doi:10.1038/s41597-019-0322-0). */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../../files';
import { textOf } from '../../files/internal';
import type { Dataset, ImageRecord, PublishedSplit } from '../dataset';
import { readLabels } from '../folder';
import { lookAt } from '../look';
import { type Row, readTable } from '../read-table';
import { type TableEntry, tableDataset } from '../table';
import { dayOf } from './day-of';
import { leftOut } from './left-out';
import { reportRecord } from './report-record';

/** A table of the collection, such as `mimic-cxr-2.0.0-metadata.csv.gz`; undefined where it is not there. */
export function findMimicTable(folder: string, name: 'metadata' | 'chexpert' | 'negbio' | 'split'): string | undefined {
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

/** As published, as JPEG or DICOM; the phantom writes PNG in this layout (`writePhantom`). */
const ENDINGS = ['.jpg', '.dcm', '.png'];

const NEEDED = ['dicom_id', 'subject_id', 'study_id', 'ViewPosition'];
const DATE = 'StudyDate';

export interface MimicOptions {
  /** Views to take, as the column `ViewPosition` has them (`LATERAL`, `LL` besides these); `['PA', 'AP']` if not given. */
  readonly views?: readonly string[];
}

type Report = Pick<ImageRecord, 'text' | 'sections'>;

/**
 * Opens a folder as published: `mimic-cxr-2.0.0-metadata.csv`; for labels `-chexpert.csv`, or `-negbio.csv` where that is not there; `-split.csv` for the published parts (all also `.csv.gz`);
 * images `files/p10/p10000032/s50414267/<dicom>.jpg` (or `.dcm`, `.png`) and reports `files/p10/p10000032/s50414267.txt`, these also in a folder `mimic-cxr-reports`. PA and AP views are
 * taken, or those that are asked for; what has no image here, another view or no impression is left out and counted. A report without headings counts with its last paragraph.
 *
 * @throws FileError where table, column, all images or all reports are missing, or a cell is not what it should be
 */
export async function openMimic(folder: string, { views = FRONTAL }: MimicOptions = {}): Promise<Dataset> {
  const path = findMimic(folder);
  if (path === undefined) throw new FileError(folder, 'has no table mimic-cxr-2.0.0-metadata.csv');
  const { rows } = await readTable(path, NEEDED, [...NEEDED, DATE]);
  const images = rows.map((row) => ({ row, ...placeOf(path, row) }));
  const wanted = images.map(({ row }) => views.includes(row.cells.ViewPosition!));
  const lookForFiles = async () => {
    const files = await lookAt('facts', { before: [join(folder, '/')], items: images.map(({ image }) => image), after: ENDINGS });
    const studies = new Set(images.filter((_, i) => files[i] && wanted[i]).map(({ study }) => study));
    return { files, reportOf: await readReports(folder, [...studies]) };
  };
  // Threads look for files while the other tables are read here.
  const [{ files, reportOf }, { names, labelsOf }, splitOf] = await Promise.all([
    lookForFiles(),
    readLabelTable(folder),
    readSplits(folder),
  ]);

  const out = leftOut();
  const viewNames = views.join(' or ');
  const entries = images.flatMap(({ row, study }, i): TableEntry[] => {
    const file = files[i];
    const report = reportOf.get(study);
    if (report !== undefined && file && wanted[i])
      return [{ record: toRecord(path, row, report, labelsOf, splitOf), file: file.path, found: file, row: row.number }];
    out.count(!file ? 'have no image here' : wanted[i] ? 'have no report with an impression here' : `are no ${viewNames} view`);
    return [];
  });
  const notes = out.notes(rows.length, 'rows of the metadata');
  if (entries.length === 0) throw new FileError(path, `names no ${viewNames} image that is here with its report. ${notes.join(' ')}`);
  return tableDataset({
    name: 'MIMIC-CXR',
    credit: 'MIMIC-CXR, PhysioNet; credentialed access: neither images nor texts may be passed on.',
    findings: names,
    folder,
    table: path,
    entries,
    notes,
  });
}

type Labels = Pick<ImageRecord, 'labels' | 'uncertain'>;

function toRecord(
  path: string,
  row: Row,
  report: Report,
  labelsOf: (study: string) => Labels,
  splitOf: (id: string) => PublishedSplit | undefined,
): TableEntry['record'] {
  const {
    dicom_id: id,
    subject_id: patient,
    study_id: study,
    ViewPosition: view,
    StudyDate: date = '',
  } = row.cells as Record<string, string>;
  const day = dayOf(path, row, DATE, date!);
  const split = splitOf(id!);
  return {
    id: id!,
    patient: patient!,
    study: study!,
    ...(day === undefined ? {} : { day }),
    ...(split === undefined ? {} : { split }),
    ...report,
    view: view!,
    ...labelsOf(study!),
    sides: {},
  };
}

/** Where a row's image and its study lie. @throws FileError where a cell is no id */
function placeOf(path: string, { number, cells }: Row): { image: string; study: string } {
  const { dicom_id: dicom, subject_id: subject, study_id: study } = cells as Record<string, string>;
  if (!/^\d+$/.test(subject!) || !/^\d+$/.test(study!))
    throw new FileError(path, `row ${number}: columns subject_id, study_id: expected numbers`);
  if (!/^[\w-]+$/.test(dicom!)) throw new FileError(path, `row ${number}: column dicom_id: expected a file's name without ending`);
  const folder = `files/p${subject!.slice(0, 2)}/p${subject}/s${study}`;
  return { image: `${folder}/${dicom}`, study: folder };
}

/** The reports of studies, those that conclude something. */
async function readReports(folder: string, studies: readonly string[]): Promise<Map<string, Report>> {
  const before = REPORT_FOLDERS.map((place) => join(folder, place, '/'));
  const reports = new Map<string, Report>();
  const files = await lookAt('reports', { before, items: studies, after: ['.txt'] });
  files.forEach((file, i) => {
    const report = file && ('report' in file ? file.report : reportRecord(textOf(file.path, file.bytes)));
    if (report) reports.set(studies[i]!, report);
  });
  return reports;
}

/** Labels of studies by CheXpert's labeler, else by NegBio's, lower-case; none where neither table is here. */
async function readLabelTable(folder: string): Promise<{ names: string[]; labelsOf: (study: string) => Labels }> {
  const path = findMimicTable(folder, 'chexpert') ?? findMimicTable(folder, 'negbio');
  if (path === undefined) return { names: [], labelsOf: () => ({ labels: {} }) };
  const { rows, columns } = await readTable(path, ['subject_id', 'study_id']);
  const names = columns.filter((name) => name !== 'subject_id' && name !== 'study_id');
  const labels = new Map(rows.map((row) => [row.cells.study_id!, readLabels(path, row, names, (name) => name.toLowerCase())]));
  return { names: names.map((name) => name.toLowerCase()), labelsOf: (study) => labels.get(study) ?? { labels: {} } };
}

const SPLITS = ['train', 'validate', 'test'] as const;

/** The published part of each image, where the table of parts is here. @throws FileError where a part is none */
async function readSplits(folder: string): Promise<(id: string) => PublishedSplit | undefined> {
  const path = findMimicTable(folder, 'split');
  if (path === undefined) return () => undefined;
  const { rows } = await readTable(path, ['dicom_id', 'split'], ['dicom_id', 'split']);
  const splits = new Map(
    rows.map(({ number, cells }) => {
      const split = SPLITS.find((each) => each === cells.split);
      if (split === undefined) throw new FileError(path, `row ${number}: column split: expected train, validate or test`);
      return [cells.dicom_id!, split];
    }),
  );
  return (id) => splits.get(id);
}

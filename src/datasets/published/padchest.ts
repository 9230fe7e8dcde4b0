/** PadChest. Bustos et al. 2020, arXiv:1901.07441. Its reports are Spanish and cut into stems: the texts are composed from labels, view, age and sex. */

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FileError } from '../../files';
import type { Dataset } from '../dataset';
import { findImages } from '../find-images';
import { type Row, readTable } from '../read-table';
import { type TableEntry, tableDataset } from '../table';
import { composeText } from './compose-text';
import { dayOf } from './day-of';
import { leftOut } from './left-out';

const COLUMNS = ['ImageID', 'StudyDate_DICOM', 'StudyID', 'PatientID', 'PatientBirth', 'PatientSex_DICOM', 'Projection', 'Labels'];

/** Projections as the table has them, and ours; of ribs (COSTAL) and unclear ones are left out. */
const VIEWS: Readonly<Record<string, string>> = { PA: 'PA', AP: 'AP', AP_horizontal: 'AP', L: 'lateral' };

/** What is said of an image as a whole, or of what cannot be judged: no findings. */
const NO_FINDINGS = ['normal', 'exclude', 'unchanged', 'suboptimal study', ''];

/** The table that makes a folder one of this collection. */
export function findPadchest(folder: string): string | undefined {
  const file = readdirSync(folder)
    .sort()
    .find((name) => /^PADCHEST_chest_x_ray_images_labels_.*\.csv(\.gz)?$/i.test(name));
  return file && join(folder, file);
}

/**
 * Opens a folder as published: `PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv` (also `.csv.gz`) with the images in any folders below it. PA, AP and lateral
 * views are taken; what has no image here, another view or is marked as not to be used is left out and counted. Every label of the collection that an image
 * lacks is absent from it.
 *
 * @throws FileError where table, column or all images are missing, or a cell is not what it should be
 */
export async function openPadchest(folder: string): Promise<Dataset> {
  const path = findPadchest(folder);
  if (path === undefined) throw new FileError(folder, 'has no table PADCHEST_chest_x_ray_images_labels_….csv');
  const { rows } = await readTable(path, COLUMNS);
  const find = await findImages(folder);
  const out = leftOut();
  const named = new Set<string>();
  const found = rows.flatMap((row) => {
    const { ImageID: image, Projection: projection } = row.cells as Record<string, string>;
    const labels = readList(path, row);
    const file = find(image!);
    const reason =
      VIEWS[projection!.trim()] === undefined
        ? 'have another view'
        : labels.includes('exclude')
          ? 'are marked as not to be used'
          : file === undefined
            ? 'have no image here'
            : undefined;
    if (reason !== undefined) {
      out.count(reason);
      return [];
    }
    const shown = [...new Set(labels.filter((label) => !NO_FINDINGS.includes(label)))];
    for (const label of shown) named.add(label);
    return [{ row, file: file!, shown }];
  });
  const notes = out.notes(rows.length, `rows of ${basename(path)}`);
  if (found.length === 0) throw new FileError(path, `names no PA, AP or lateral image that is here. ${notes.join(' ')}`);
  const findings = [...named].sort();
  const absent = Object.fromEntries(findings.map((label) => [label, 0 as const]));
  return tableDataset({
    name: 'PadChest',
    credit: 'PadChest, BIMCV, University of Alicante; research use agreement: images may not be passed on.',
    findings,
    folder,
    table: path,
    entries: found.map(({ row, file, shown }) => ({ record: toRecord(path, row, shown, absent), file, row: row.number })),
    notes,
  });
}

/** A list as Python prints it: "['cardiomegaly', 'pleural effusion']"; nothing for an empty cell. */
function readList(path: string, { number, cells }: Row): string[] {
  const cell = cells.Labels!.trim();
  if (cell === '' || cell === 'nan') return [];
  if (!/^\[.*\]$/s.test(cell)) throw new FileError(path, `row ${number}: column Labels: expected a list in brackets`);
  return [...cell.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, single, double]) => (single ?? double)!.trim().toLowerCase());
}

function toRecord(path: string, row: Row, shown: readonly string[], absent: Readonly<Record<string, 0>>): TableEntry['record'] {
  const { number, cells } = row;
  const [birth, date] = [cells.PatientBirth!.trim(), cells.StudyDate_DICOM!.trim()];
  const patient = cells.PatientID!.trim();
  if (patient === '') throw new FileError(path, `row ${number}: column PatientID is empty`);
  const age = Number(date.slice(0, 4)) - Number(birth || Number.NaN);
  const day = dayOf(path, row, 'StudyDate_DICOM', date);
  if (day === undefined) throw new FileError(path, `row ${number}: column StudyDate_DICOM is empty`);
  const facts = {
    view: VIEWS[cells.Projection!.trim()]!,
    age: age >= 0 && age <= 120 ? age : undefined,
    sex: (['M', 'F'] as const).find((sex) => sex === cells.PatientSex_DICOM!.trim()),
  };
  const labels = { ...absent, ...Object.fromEntries(shown.map((label) => [label, 1 as const])) };
  return {
    id: cells.ImageID!.trim(),
    patient,
    study: cells.StudyID!.trim(),
    day,
    text: composeText(shown, facts),
    ...facts,
    labels,
    sides: {},
  };
}

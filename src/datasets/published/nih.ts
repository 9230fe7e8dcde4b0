/** NIH ChestX-ray14. Wang et al. 2017, arXiv:1705.02315. There are no reports: the texts are composed from labels, view, age and sex. */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FileError, readText } from '../../files';
import type { Dataset, ImageRecord, PublishedSplit } from '../dataset';
import { findImages } from '../find-images';
import { type Row, readTable, requireColumns } from '../read-table';
import { type TableEntry, tableDataset } from '../table';
import { composeText } from './compose-text';
import { leftOut } from './left-out';

/** The collection's 14 labels as in its files; ours are lower-case with spaces. */
const classes = [
  'Atelectasis',
  'Cardiomegaly',
  'Consolidation',
  'Edema',
  'Effusion',
  'Emphysema',
  'Fibrosis',
  'Hernia',
  'Infiltration',
  'Mass',
  'Nodule',
  'Pleural_Thickening',
  'Pneumonia',
  'Pneumothorax',
] as const;

/** A prepared form: `image` is a path from the folder. */
const MANIFEST = 'manifest.csv';
const manifestColumns = { image: 'image', patient: 'patient_id', age: 'age', sex: 'sex', view: 'view', labels: 'labels' };

/** Tables as published: the corrected one first, then that of 2017, and Kaggle's sample of 5% of the collection. */
const publishedTables = ['Data_Entry_2017_v2020.csv', 'Data_Entry_2017.csv', 'sample_labels.csv'];
const publishedColumns = {
  image: 'Image Index',
  patient: 'Patient ID',
  age: 'Patient Age',
  sex: 'Patient Gender',
  view: 'View Position',
  labels: 'Finding Labels',
};
/** The name of the column of sex in some copies of the corrected table. */
const OTHER_SEX = 'Patient Sex';

type Columns = typeof manifestColumns;

/** The table that makes a folder one of this collection. */
export function findNihTable(folder: string): string | undefined {
  return [MANIFEST, ...publishedTables].map((name) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * Opens a folder as published, `Data_Entry_2017_v2020.csv` or `Data_Entry_2017.csv` with the images in any folders below it (`images_001/images`, `images`): those
 * that are there are taken, rows without one are left out and counted. Or a folder with `manifest.csv`: image (a path from the folder), patient_id, age, sex,
 * view, labels joined by `|`.
 *
 * Labels were found by text mining: about one in ten is wrong. `findings` are those that enough images show. `train_val_list.txt` and `test_list.txt`, where
 * they are here, say in which part an image was published.
 *
 * @throws FileError where table, column or all images (with a manifest, any image) are missing, or a cell is not what it should be
 */
export async function openNih(folder: string): Promise<Dataset> {
  const path = findNihTable(folder);
  if (path === undefined)
    throw new FileError(folder, `has no table of NIH ChestX-ray14; expected one of ${[...publishedTables, MANIFEST].join(', ')}`);
  const prepared = basename(path) === MANIFEST;
  const table = await readTable(path);
  const columns: Columns = prepared
    ? manifestColumns
    : { ...publishedColumns, ...(table.columns.includes(OTHER_SEX) ? { sex: OTHER_SEX } : {}) };
  requireColumns(table, Object.values(columns));
  const find = prepared ? (file: string) => file : await findImages(folder);
  const splitOf = await readSplits(folder);
  const out = leftOut();
  const entries = table.rows.flatMap((row): TableEntry[] => {
    const record = toRecord(path, row, columns);
    const file = find(record.id);
    const split = splitOf(record.id);
    if (file !== undefined) return [{ record: split === undefined ? record : { ...record, split }, file, row: row.number }];
    out.count('have no image here');
    return [];
  });
  if (entries.length === 0)
    throw new FileError(
      folder,
      `holds none of the ${table.rows.length} images of ${basename(path)}; extract the archives of images into this folder or folders of it`,
    );
  return tableDataset({
    name: 'NIH ChestX-ray14',
    credit: 'NIH ChestX-ray14, National Institutes of Health Clinical Center; no restriction on use, attribution required.',
    findings: classes.map(ours),
    folder,
    table: path,
    entries,
    notes: out.notes(table.rows.length, `rows of ${basename(path)}`),
  });
}

/** The published parts: the names of their images, one a line. */
const LISTS = { 'train_val_list.txt': 'train', 'test_list.txt': 'test' } as const;

async function readSplits(folder: string): Promise<(image: string) => PublishedSplit | undefined> {
  const splits = new Map<string, PublishedSplit>();
  for (const [name, split] of Object.entries(LISTS)) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    for (const image of (await readText(path)).split(/\r?\n/)) splits.set(image.trim(), split);
  }
  return (image) => splits.get(basename(image));
}

function ours(label: string): string {
  return label.toLowerCase().replaceAll('_', ' ');
}

function toRecord(csv: string, { number, cells }: Row, columns: Columns): Omit<ImageRecord, 'group'> {
  const wrong = (column: keyof Columns, expected: string): FileError =>
    new FileError(csv, `row ${number}: column ${columns[column]}: expected ${expected}, got ${JSON.stringify(cell(column))}`);
  const cell = (column: keyof Columns): string => cells[columns[column]]!.trim();
  const [image, patient, view] = [cell('image'), cell('patient'), cell('view')];
  if (image === '') throw wrong('image', 'the path of an image');
  if (patient === '') throw wrong('patient', 'an identifier');
  const age = readAge(cell('age'));
  if (Number.isNaN(age)) throw wrong('age', 'years or nothing');
  const sex = (['M', 'F', ''] as const).find((each) => each === cell('sex'));
  if (sex === undefined) throw wrong('sex', 'M, F or nothing');

  const present = cell('labels')
    .split('|')
    .filter((label) => label !== 'No Finding');
  const unknown = present.find((label) => !(classes as readonly string[]).includes(label));
  if (unknown !== undefined) throw wrong('labels', `"No Finding" or labels of ${classes.join(', ')} joined by "|"`);
  const facts = {
    view,
    age: age !== undefined && age <= 120 ? age : undefined, // the collection has ages such as 414
    sex: sex === '' ? undefined : sex,
  };
  return {
    id: image,
    patient,
    text: composeText(present.map(ours), facts),
    ...facts,
    labels: Object.fromEntries(classes.map((label) => [ours(label), present.includes(label) ? 1 : 0])),
    sides: {},
  };
}

const perYear = { Y: 1, M: 12, W: 52, D: 365 } as const;

/** Whole years of "58", "058Y", "013M", "004W" or "005D"; undefined for nothing, NaN for anything else. */
function readAge(cell: string): number | undefined {
  if (cell === '') return undefined;
  const [, count, unit = 'Y'] = /^(\d+(?:\.\d+)?)([YMWD])?$/.exec(cell) ?? [];
  return count === undefined ? Number.NaN : Math.floor(Number(count) / perYear[unit as keyof typeof perYear]);
}

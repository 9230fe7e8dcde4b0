/**
 * VinDr-CXR. Nguyen et al. 2022, doi:10.1038/s41597-022-01498-w. Three radiologists read each image to train on, and five agreed on each one of the test part. There are no reports and no
 * patients: the texts are composed from labels, and each image is a patient of its own.
 */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FileError } from '../../files';
import type { Dataset, ImageRecord } from '../dataset';
import { findImages } from '../find-images';
import { readLabels } from '../folder';
import { type Row, readTable } from '../read-table';
import { type TableEntry, tableDataset } from '../table';
import { composeText } from './compose-text';
import { leftOut } from './left-out';

/** Tables of labels of whole images, and the part that each is about. */
const PARTS = { 'image_labels_train.csv': 'train', 'image_labels_test.csv': 'test' } as const;
type PartTable = keyof typeof PARTS;

const IMAGE = 'image_id';
const READER = 'rad_id';
const NORMAL = 'no finding';

/** Classes that other collections have under one name; the others are ours in lower case. */
const OURS: Readonly<Record<string, string>> = {
  'nodule/mass': 'lung lesion',
  'clavicle fracture': 'fracture',
  'rib fracture': 'fracture',
};
const ours = (name: string): string => OURS[name.toLowerCase()] ?? name.toLowerCase();

/** The table that makes a folder one of this collection. */
export function findVindr(folder: string): string | undefined {
  return tablesOf(folder)[0];
}

const tablesOf = (folder: string): string[] =>
  Object.keys(PARTS).flatMap((name) => [join(folder, 'annotations', name), join(folder, name)].find((path) => existsSync(path)) ?? []);

/**
 * Opens a folder as published: `annotations/image_labels_train.csv` and `image_labels_test.csv`, or one of them, and the images `train/<id>.dicom` and `test/<id>.dicom` (also converted, in
 * any folders below). A label is present where more than half of an image's readers marked it, absent where fewer did, and uncertain where it was half of them. Rows of images that are not here
 * are left out and counted. Boxes are not read.
 *
 * @throws FileError where a column or all images are missing, a cell is no label, or a reader has read an image twice
 */
export async function openVindr(folder: string): Promise<Dataset> {
  const paths = tablesOf(folder);
  if (paths.length === 0) throw new FileError(folder, `has no table annotations/${Object.keys(PARTS).join(' or ')}`);
  const find = await findImages(folder);
  const out = leftOut();
  const named = new Set<string>();
  const entries: TableEntry[] = [];
  let images = 0;
  for (const path of paths) {
    const { rows, columns } = await readTable(path, [IMAGE]);
    const names = columns.filter((name) => name !== IMAGE && name !== READER);
    for (const name of names) named.add(ours(name));
    const readings = byImage(path, rows);
    images += readings.size;
    for (const [id, rowsOfImage] of readings) {
      const file = find(id);
      if (file === undefined) out.count('have no image here');
      else entries.push({ record: toRecord(path, id, rowsOfImage, names), file, row: rowsOfImage[0]!.number });
    }
  }
  const notes = out.notes(images, `images of ${paths.map((path) => basename(path)).join(' and ')}`);
  if (entries.length === 0) throw new FileError(paths[0]!, `names no image that is here. ${notes.join(' ')}`);
  return tableDataset({
    name: 'VinDr-CXR',
    credit: 'VinDr-CXR, Vingroup Big Data Institute, PhysioNet; credentialed access: images may not be passed on.',
    findings: [...named],
    folder,
    table: paths[0]!,
    entries,
    notes,
  });
}

/** The rows of each image, one a reader. */
function byImage(path: string, rows: readonly Row[]): Map<string, Row[]> {
  const readings = new Map<string, Row[]>();
  for (const row of rows) {
    const id = row.cells[IMAGE]!.trim();
    if (id === '') throw new FileError(path, `row ${row.number}: column ${IMAGE} is empty`);
    const others = readings.get(id) ?? [];
    const twice = others.find(({ cells }) => cells[READER] === row.cells[READER]);
    if (twice) throw new FileError(path, `row ${row.number}: the image and its reader have a row already, ${twice.number}`);
    readings.set(id, [...others, row]);
  }
  return readings;
}

function toRecord(path: string, id: string, rows: readonly Row[], names: readonly string[]): TableEntry['record'] {
  const readings = rows.map((row) => readLabels(path, row, names).labels);
  const labels: Record<string, 0 | 1> = {};
  const uncertain = new Set<string>();
  for (const name of names) {
    const marked = readings.filter((reading) => reading[name] === 1).length;
    const label = ours(name);
    if (2 * marked > rows.length) labels[label] = 1;
    else if (2 * marked === rows.length) uncertain.add(label);
    else labels[label] ??= 0;
  }
  for (const label of uncertain) {
    if (labels[label] === 1) uncertain.delete(label);
    else delete labels[label];
  }
  const facts: Pick<ImageRecord, 'view'> = { view: 'PA' }; // the collection has no other
  const shown = Object.keys(labels).filter((name) => labels[name] === 1 && name !== NORMAL);
  return {
    id,
    split: PARTS[basename(path) as PartTable],
    text: composeText(shown, facts),
    ...facts,
    labels,
    ...(uncertain.size === 0 ? {} : { uncertain: [...uncertain] }),
    sides: {},
  };
}

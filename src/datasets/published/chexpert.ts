/** CheXpert. Irvin et al. 2019, arXiv:1901.07031. The tables have no reports: the texts are composed from positive labels, view, age and sex. */

import { existsSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { FileError } from '../../files';
import type { Dataset } from '../dataset';
import { readLabels } from '../folder';
import { inBatches } from '../in-batches';
import { isFile } from '../is-file';
import { type Row, readTable } from '../read-table';
import { type TableEntry, tableDataset } from '../table';
import { composeText } from './compose-text';
import { leftOut } from './left-out';

/** The part to train on and the one with labels of radiologists, each with its table. */
const PARTS = { 'train.csv': 'train', 'valid.csv': 'validate' } as const;
const TABLES = Object.keys(PARTS) as (keyof typeof PARTS)[];
const FACTS = ['Path', 'Sex', 'Age', 'Frontal/Lateral', 'AP/PA'];
const NORMAL = 'no finding';

/** The table that makes a folder one of this collection: its first column's paths name patients and studies. */
export function findChexpert(folder: string): string | undefined {
  return existsSync(join(folder, 'train')) || existsSync(join(folder, 'valid'))
    ? TABLES.map((name) => join(folder, name)).find((path) => existsSync(path))
    : undefined;
}

/**
 * Opens a folder as published, `CheXpert-v1.0` or `CheXpert-v1.0-small`: `train.csv` and `valid.csv` where they are there, and the images in `train` and `valid`.
 * Both parts are taken, frontal and lateral views; rows without an image here are left out and counted.
 *
 * @throws FileError where a column or all images are missing, or a cell is not what it should be
 */
export async function openChexpert(folder: string): Promise<Dataset> {
  const paths = TABLES.map((name) => join(folder, name)).filter((path) => existsSync(path));
  const out = leftOut();
  const entries: TableEntry[] = [];
  let [rowsInAll, names] = [0, [] as string[]];
  for (const path of paths) {
    const { rows, columns } = await readTable(path, FACTS);
    names = columns.filter((name) => !FACTS.includes(name));
    rowsInAll += rows.length;
    const files = rows.map((row) => fileOf(path, row));
    const there = await inBatches(files, 256, (file) => isFile(join(folder, file)));
    rows.forEach((row, i) => {
      if (there[i]) entries.push({ record: toRecord(path, row, files[i]!, names), file: files[i]!, row: row.number });
      else out.count('have no image here');
    });
  }
  const notes = out.notes(rowsInAll, `rows of ${paths.map((path) => basename(path)).join(' and ')}`);
  if (entries.length === 0) throw new FileError(paths[0]!, `names no image that is here. ${notes.join(' ')}`);
  return tableDataset({
    name: 'CheXpert',
    credit: 'CheXpert, Stanford University School of Medicine; research use agreement: images may not be passed on.',
    findings: names.map((name) => name.toLowerCase()),
    folder,
    table: paths[0]!,
    entries,
    notes,
  });
}

/** From the folder: paths begin with the collection's own folder, whatever that is called here. @throws FileError where the path leaves it */
function fileOf(table: string, { number, cells }: Row): string {
  const parts = posix.normalize(cells.Path!.trim().replaceAll('\\', '/')).split('/');
  const at = parts.findIndex((part) => part === 'train' || part === 'valid');
  const place = parts.slice(at);
  if (at < 0 || place.length !== 4 || !place.every((part) => /^[\w.-]+$/.test(part)))
    throw new FileError(table, `row ${number}: column Path: expected …/train/patient00001/study1/view1_frontal.jpg`);
  return place.join('/');
}

function toRecord(path: string, row: Row, file: string, names: readonly string[]): TableEntry['record'] {
  const { number, cells } = row;
  const wrong = (column: string, expected: string): FileError =>
    new FileError(path, `row ${number}: column ${column}: expected ${expected}`);
  const side = cells['Frontal/Lateral']!.trim();
  if (side !== 'Frontal' && side !== 'Lateral') throw wrong('Frontal/Lateral', 'Frontal or Lateral');
  const direction = cells['AP/PA']!.trim(); // also LL and RL
  const age = Number(cells.Age!.trim() || Number.NaN);
  if (cells.Age!.trim() !== '' && !(age >= 0)) throw wrong('Age', 'years or nothing');
  const facts = {
    view: side === 'Lateral' ? 'lateral' : direction === 'AP' || direction === 'PA' ? direction : 'frontal',
    age: age > 0 && age <= 120 ? Math.floor(age) : undefined, // 0 stands for unknown here
    sex: ({ Male: 'M', Female: 'F' } as const)[cells.Sex!.trim() as 'Male' | 'Female'],
  };
  const found = readLabels(path, row, names, (name) => name.toLowerCase());
  const study = dirname(file);
  const shown = Object.keys(found.labels).filter((name) => found.labels[name] === 1 && name !== NORMAL);
  const split = PARTS[basename(path) as keyof typeof PARTS];
  return { id: file, patient: dirname(study), study, split, text: composeText(shown, facts), ...facts, ...found, sides: {} };
}

/**
 * The COVID-19 image data collection. Cohen et al. 2020, arXiv:2003.11597. Several images of a patient, with the day of each: journeys. There are no reports: the
 * texts are composed from diagnosis, view, age and sex, since the clinical notes tell a course and not what the image shows.
 */

import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FileError } from '../../files';
import type { Dataset } from '../dataset';
import { findImages } from '../find-images';
import { isEmptyCell, type Row, readTable } from '../read-table';
import { type TableEntry, tableDataset } from '../table';
import { composeText } from './compose-text';
import { leftOut } from './left-out';

const TABLE = 'metadata.csv';
const COLUMNS = ['patientid', 'offset', 'sex', 'age', 'finding', 'view', 'modality', 'filename', 'license'];

/** Views as the table has them, and ours; cuts through a CT are no views. */
const VIEWS: Readonly<Record<string, string>> = {
  PA: 'PA',
  AP: 'AP',
  'AP Supine': 'AP',
  'AP Erect': 'AP',
  'AP semi erect': 'AP',
  L: 'lateral',
};

/** Diagnoses that say nothing. */
const UNKNOWN = ['todo', 'unknown'];
const NORMAL = 'no finding';

/** The table that makes a folder one of this collection: other folders have one of that name too, with other columns. */
export function findCovid(folder: string): string | undefined {
  const path = join(folder, TABLE);
  return existsSync(path) && COLUMNS.every((name) => headerOf(path).includes(name)) ? path : undefined;
}

/** The names of a table's columns, as far as they are plain. */
function headerOf(path: string): string[] {
  const start = Buffer.alloc(4096);
  const file = openSync(path, 'r');
  try {
    const count = readSync(file, start);
    return start.toString('latin1', 0, count).split(/\r?\n/)[0]!.split(',');
  } finally {
    closeSync(file);
  }
}

/**
 * Opens a folder as published: `metadata.csv` and `images`. Radiographs of known view are taken, lateral ones too; what has no image here or another view or
 * modality is left out and counted. A diagnosis such as `Pneumonia/Viral/COVID-19` is three labels; the text names the last.
 *
 * @throws FileError where table, column or all images are missing, or a cell is not what it should be
 */
export async function openCovid(folder: string): Promise<Dataset> {
  const path = join(folder, TABLE);
  const { rows } = await readTable(path, COLUMNS);
  const find = await findImages(folder);
  const out = leftOut();
  const names = new Set<string>();
  const entries = rows.flatMap((row): TableEntry[] => {
    const { modality, view, filename, finding } = row.cells as Record<string, string>;
    const file = find(filename!);
    const diagnosis = finding!.split('/').map((part) => part.trim().toLowerCase());
    const reason =
      modality !== 'X-ray'
        ? 'are no radiographs'
        : VIEWS[view!] === undefined
          ? 'have another view'
          : file === undefined
            ? 'have no image here'
            : UNKNOWN.includes(diagnosis.at(-1)!)
              ? 'have no diagnosis'
              : undefined;
    if (reason !== undefined) {
      out.count(reason);
      return [];
    }
    for (const name of diagnosis) if (name !== NORMAL) names.add(name);
    return [{ record: toRecord(path, row, diagnosis), file: file!, row: row.number }];
  });
  const notes = out.notes(rows.length, `rows of ${TABLE}`);
  if (entries.length === 0) throw new FileError(path, `names no radiograph that is here. ${notes.join(' ')}`);
  const findings = [...names].sort();
  return tableDataset({
    name: 'COVID-19 image data collection',
    credit: 'COVID-19 image data collection (Cohen et al. 2020); each image has a licence of its own, in the column license of its table.',
    findings,
    folder,
    table: path,
    entries: entries.map(({ record, ...place }) => ({
      ...place,
      record: { ...record, labels: { ...Object.fromEntries(findings.map((name) => [name, 0 as const])), ...record.labels } },
    })),
    notes,
  });
}

function toRecord(path: string, { number, cells }: Row, diagnosis: readonly string[]): TableEntry['record'] {
  const cell = (column: string): string | undefined => {
    const value = cells[column]!.trim();
    return isEmptyCell(value) ? undefined : value;
  };
  const wholeNumber = (column: string): number | undefined => {
    const value = cell(column);
    if (value === undefined) return undefined;
    if (!/^-?\d+(\.\d+)?$/.test(value)) throw new FileError(path, `row ${number}: column ${column}: expected a number or nothing`);
    return Math.floor(Number(value));
  };
  const patient = cell('patientid');
  if (patient === undefined) throw new FileError(path, `row ${number}: column patientid is empty`);
  const sex = (['M', 'F'] as const).find((each) => each === cell('sex'));
  const [age, day] = [wholeNumber('age'), wholeNumber('offset')];
  const facts = { view: VIEWS[cells.view!]!, age, sex };
  const shown = diagnosis.filter((name) => name !== NORMAL);
  const spoken = shown
    .at(-1)
    ?.replace(/covid-19/, 'COVID-19')
    .replace(/ards/, 'ARDS');
  return {
    id: basename(cell('filename')!),
    patient,
    ...(day === undefined ? {} : { day, study: `${patient}-${day}` }),
    text: composeText(spoken === undefined ? [] : [spoken], facts),
    ...facts,
    labels: Object.fromEntries(shown.map((name) => [name, 1 as const])),
    sides: {},
  };
}

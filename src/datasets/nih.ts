/** NIH ChestX-ray14. Wang et al. 2017, arXiv:1705.02315. There are no reports: the texts are composed from labels, view, age and sex. */

import { join } from 'node:path';
import { FileError } from '../files';
import type { Dataset, ImageRecord } from './dataset';
import { frequentFindings, type Row, readCsv, rowNumber, type TableEntry, tableDataset } from './table';

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

/**
 * Opens a folder with `manifest.csv` (image, patient_id, age, sex, view, labels joined by `|`) and the images that it names.
 * Labels were found by text mining: about one in ten is wrong. `findings` are those that enough images show.
 *
 * @throws FileError where the folder, the manifest, a column or an image is missing, or a cell is not what it should be
 */
export async function openNih(folder: string): Promise<Dataset> {
  const csv = join(folder, 'manifest.csv');
  const rows = await readCsv(csv, ['image', 'patient_id', 'age', 'sex', 'view', 'labels']);
  const entries = rows.map((row, i): TableEntry => ({ record: toRecord(csv, row, rowNumber(i)), file: row.image!, row: rowNumber(i) }));
  return tableDataset({
    name: 'NIH ChestX-ray14',
    credit: 'NIH ChestX-ray14, National Institutes of Health Clinical Center; no restriction on use, attribution required.',
    findings: frequentFindings(
      entries.map(({ record }) => record),
      classes.map(ours),
    ),
    folder,
    csv,
    entries,
  });
}

function ours(label: string): string {
  return label.toLowerCase().replaceAll('_', ' ');
}

function toRecord(csv: string, row: Row, number: number): ImageRecord {
  const wrong = (column: string, expected: string): FileError =>
    new FileError(csv, `row ${number}: column ${column}: expected ${expected}, got ${JSON.stringify(row[column])}`);
  const { image, patient_id: patient, age: ageCell, sex: sexCell, view: viewCell } = row as Record<string, string>;
  if (!image) throw wrong('image', 'the path of an image');
  if (!patient) throw wrong('patient_id', 'an identifier');
  const years = ageCell === '' ? Number.NaN : Number(ageCell);
  if (ageCell !== '' && !(years >= 0)) throw wrong('age', 'years or nothing');
  if (!['M', 'F', ''].includes(sexCell!)) throw wrong('sex', 'M, F or nothing');

  const present = row.labels!.split('|').filter((label) => label !== 'No Finding');
  const unknown = present.find((label) => !(classes as readonly string[]).includes(label));
  if (unknown !== undefined) throw wrong('labels', `"No Finding" or labels of ${classes.join(', ')} joined by "|"`);
  const facts = {
    ...(viewCell ? { view: viewCell } : {}),
    ...(years <= 120 ? { age: years } : {}), // the collection has ages such as 414
    ...(sexCell ? { sex: sexCell as 'M' | 'F' } : {}),
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

/** "PA chest X-ray of a 58-year-old man. Cardiomegaly, effusion." */
function composeText(findings: readonly string[], { view, age, sex }: Pick<ImageRecord, 'view' | 'age' | 'sex'>): string {
  const child = age !== undefined && age < 18;
  const who = sex === 'M' ? (child ? 'boy' : 'man') : sex === 'F' ? (child ? 'girl' : 'woman') : 'patient';
  const spokenWithVowel = age !== undefined && (age === 8 || age === 11 || age === 18 || (age >= 80 && age < 90));
  const person = age === undefined ? `a ${who}` : `${spokenWithVowel ? 'an' : 'a'} ${age}-year-old ${who}`;
  const list = findings.length > 0 ? findings.join(', ') : 'no finding';
  return `${view ? `${view} chest` : 'Chest'} X-ray of ${person}. ${list[0]!.toUpperCase()}${list.slice(1)}.`;
}

/** The parts into which RoentGen (arXiv:2211.12737, section 3) divides MIMIC-CXR. */

import { foldIn, type Key } from '../../engine';
import { permutation } from '../../engine/internal';
import { FileError } from '../../files';
import { type Dataset, type ImageRecord, recordsOf } from '../dataset';
import { readTable } from '../read-table';
import { splitByPatient, subset } from '../split';
import { findMimicTable, openMimic } from './mimic';

export interface MimicPartsOptions {
  /** Fixes which patients are kept for development, and which images a cap leaves out. */
  readonly key: Key;
  /** Of p10 to p18, without the official test part. The paper does not say how many; default 0.05 of the images. */
  readonly developmentFraction?: number;
  /** Views to take (`openMimic`). */
  readonly views?: readonly string[];
  /**
   * Most images without finding, as a fraction of a part. The paper caps them without giving its rule (its parts have 0.26 to 0.35): here, images are drawn
   * by the key and left out until the fraction holds. By default none are.
   */
  readonly noFindingFraction?: number;
}

/** What is trained on, tuned on, and measured on. */
export interface MimicParts {
  /** Patients of p10 to p18. */
  readonly train: Dataset;
  readonly development: Dataset;
  /** Patients of p19: the paper's "P19". */
  readonly heldOut: Dataset;
  /** The published test part, of whatever patients: the paper's "MIMIC test". */
  readonly test: Dataset;
}

const NO_FINDING = 'no finding';
const HELD_OUT = '19';

/**
 * Opens MIMIC-CXR-JPG (`openMimic`) in the paper's parts. No patient is in two of them.
 *
 * @throws FileError where `mimic-cxr-2.0.0-split.csv` is not there, lacks an image, or has a patient in the test part and in another (it says how many);
 *   RangeError where a fraction is out of range or a part has too few patients
 */
export async function openMimicParts(folder: string, options: MimicPartsOptions): Promise<MimicParts> {
  const { key, developmentFraction = 0.05, views, noFindingFraction } = options;
  if (noFindingFraction !== undefined && !(noFindingFraction >= 0 && noFindingFraction < 1))
    throw new RangeError(`openMimicParts: noFindingFraction: expected a number from 0 to below 1, got ${noFindingFraction}`);
  const dataset = await openMimic(folder, { views });
  const isTest = await readTestPart(folder);
  const records = recordsOf(dataset);
  const part = (takes: (record: ImageRecord) => boolean): Dataset =>
    subset(
      dataset,
      records.flatMap((record, i) => (takes(record) ? [i] : [])),
    );
  const heldOut = ({ patient }: ImageRecord): boolean => patient.startsWith(HELD_OUT);
  const others = part((record) => !isTest(record) && !heldOut(record));
  const { train, test: development } = splitByPatient(others, { testFraction: developmentFraction, key: foldIn(key, 0) });
  const parts = { train, development, heldOut: part((record) => !isTest(record) && heldOut(record)), test: part(isTest) };
  if (noFindingFraction === undefined) return parts;
  const capped = Object.entries(parts).map(([name, each], i) => [name, capNoFinding(each, noFindingFraction, foldIn(key, 1 + i))] as const);
  return Object.fromEntries(capped) as unknown as MimicParts;
}

/** Which images belong to the published test part. */
async function readTestPart(folder: string): Promise<(record: ImageRecord) => boolean> {
  const path = findMimicTable(folder, 'split');
  if (path === undefined) throw new FileError(folder, 'has no table mimic-cxr-2.0.0-split.csv, which says what the published test part is');
  const { rows } = await readTable(path, ['dicom_id', 'subject_id', 'split']);
  const test = new Map(rows.map(({ cells }) => [cells.dicom_id!, cells.split === 'test']));
  const patientsOf = (wanted: boolean): Set<string> =>
    new Set(rows.filter(({ cells }) => (cells.split === 'test') === wanted).map(({ cells }) => cells.subject_id!));
  const [tested, others] = [patientsOf(true), patientsOf(false)];
  const both = [...tested].filter((patient) => others.has(patient)).length;
  if (both > 0)
    throw new FileError(
      path,
      `has ${both} of the ${tested.size} patients of the test part in another part too; a split divides no patient`,
    );
  return ({ id }) => {
    const found = test.get(id);
    if (found === undefined) throw new FileError(path, 'lacks images that the metadata have; both must be of one release');
    return found;
  };
}

/** A dataset with as many of its images without finding as the fraction allows. */
function capNoFinding(dataset: Dataset, fraction: number, key: Key): Dataset {
  const without: number[] = [];
  const others: number[] = [];
  recordsOf(dataset).forEach(({ labels }, i) => {
    (labels[NO_FINDING] === 1 ? without : others).push(i);
  });
  const most = Math.floor((fraction * others.length) / (1 - fraction));
  if (without.length <= most) return dataset;
  const drawn = Array.from(permutation(key, without.length).subarray(0, most), (i) => without[i]!);
  const part = subset(
    dataset,
    [...others, ...drawn].sort((a, b) => a - b),
  );
  const note = `${without.length - most} of ${without.length} images without finding are left out, so that they are at most ${fraction} of all.`;
  return { ...part, notes: [...(part.notes ?? []), note] };
}

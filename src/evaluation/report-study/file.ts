/** The file of a study of reports: CheXagent's CSV (`sample_id,study_id,images,indication,candidate,reference`). */

import { dirname, resolve } from 'node:path';
import Papa from 'papaparse';
import { readTable } from '../../datasets/internal';
import { FileError } from '../../files';
import { isFile, writeFileAtomic } from '../../files/internal';

/** A report that is judged beside another of the same images. */
export interface ReportPair {
  readonly sample: string;
  readonly study: string;
  /** Paths as they stand in the file. */
  readonly images: readonly string[];
  /** Empty where there is none. */
  readonly indication: string;
  /** Of a model. */
  readonly candidate: string;
  /** A radiologist's. */
  readonly reference: string;
}

const COLUMNS = ['sample_id', 'study_id', 'images', 'indication', 'candidate', 'reference'] as const;

/** The page has room for two. */
const MOST_IMAGES = 2;

/** Paths of a cell: a list as JSON or Python writes it, or paths with | between them. */
export function imagePaths(cell: string): string[] {
  const listed = /^\s*\[(.*)\]\s*$/s.exec(cell)?.[1];
  const parts = listed === undefined ? cell.split('|') : (listed.match(/'[^']*'|"[^"]*"/g) ?? []).map((quoted) => quoted.slice(1, -1));
  return parts.map((path) => path.trim()).filter((path) => path !== '');
}

/** @throws FileError naming the row where the file can't be read, a sample is there twice or has no image, or no text */
export async function readReportPairs(file: string): Promise<ReportPair[]> {
  const { rows } = await readTable(file, COLUMNS);
  const seen = new Set<string>();
  return rows.map(({ cells, number }): ReportPair => {
    const at = (column: (typeof COLUMNS)[number]): string => (cells[column] ?? '').trim();
    const where = `row ${number}`;
    const images = imagePaths(at('images'));
    if (images.length === 0 || images.length > MOST_IMAGES)
      throw new FileError(file, `${where}: images: expected one path or ${MOST_IMAGES}, with | between them; got ${images.length}`);
    for (const column of ['sample_id', 'candidate', 'reference'] as const)
      if (at(column) === '') throw new FileError(file, `${where}: ${column} is empty`);
    if (seen.has(at('sample_id'))) throw new FileError(file, `${where}: sample_id ${JSON.stringify(at('sample_id'))} is there twice`);
    seen.add(at('sample_id'));
    return {
      sample: at('sample_id'),
      study: at('study_id'),
      images,
      indication: at('indication'),
      candidate: at('candidate'),
      reference: at('reference'),
    };
  });
}

/** The columns of a pair. */
export const pairRow = ({ sample, study, images, indication, candidate, reference }: ReportPair): Record<string, string> => ({
  sample_id: sample,
  study_id: study,
  images: images.join('|'),
  indication,
  candidate,
  reference,
});

/** @throws FileError where it cannot be written */
export const writeReportPairs = (file: string, pairs: readonly ReportPair[]): Promise<void> => writeTable(file, pairs.map(pairRow));

/** @throws FileError where it cannot be written */
export const writeTable = (file: string, rows: readonly Readonly<Record<string, string | number | null>>[]): Promise<void> =>
  writeFileAtomic(file, `${Papa.unparse([...rows], { newline: '\n' })}\n`);

/**
 * Files of a pair's images.
 *
 * @param folder that the paths begin in; by default that of the study's file
 * @throws FileError where one is not there
 */
export function imageFiles({ images, sample }: ReportPair, file: string, folder: string = dirname(file)): string[] {
  return images.map((image) => {
    const path = resolve(folder, image);
    if (!isFile(path))
      throw new FileError(path, `is not there; sample ${JSON.stringify(sample)} of ${file} shows it (--images names its folder)`);
    return path;
  });
}

/** The dataset that a table of image files makes. */

import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { FileError } from '../files';
import { checkIndex, type Dataset, type ImageRecord } from './dataset';
import { decodeOnThread } from './decode-pool';
import { sharedDepth } from './depth';
import { findImages } from './find-images';
import { frequentFindings } from './frequent-findings';
import { inBatches } from './in-batches';
import { nameRows } from './read-table';
import { type ImageFile, joinPatients, sameImages } from './same-image';
import { decodeSquare, inLevels } from './square';

/** One image of a table. */
export interface TableEntry {
  /** Without a patient where nothing tells patients apart: each image is then one of its own. */
  readonly record: Omit<ImageRecord, 'patient' | 'group' | 'source' | 'file'> & { readonly patient?: string };
  /** Relative to the folder, or absolute. */
  readonly file: string;
  /** Of the table (`Row.number`); absent where it comes from none. */
  readonly row?: number;
}

/**
 * A dataset of image files. That every file is there is checked now, that it is an image when its pixels are asked for. Records that show the same image
 * share a group, and so do their patients.
 *
 * @param options.findings labels worth measuring where enough images show them (`frequentFindings`)
 * @param options.table    the file that names the images, for errors
 * @param options.notes    what was left out before
 * @throws FileError naming the rows whose image is missing
 */
export async function tableDataset(options: {
  name: string;
  credit: string;
  findings: readonly string[];
  folder: string;
  table: string;
  entries: readonly TableEntry[];
  notes?: readonly string[];
}): Promise<Dataset> {
  const { name, credit, table, entries, notes = [] } = options;
  const files = await findFiles(options);
  const same = await sameImages(files);
  const places = files.map(({ path }) => placeIn(options.folder, path));
  const records = entries.map(
    ({ record }, i): ImageRecord => ({ ...record, patient: record.patient ?? places[same[i]!]!, source: name, file: places[i]! }),
  );
  const groups = joinPatients(
    records.map(({ patient }) => patient),
    same,
  );
  groups.forEach((group, i) => {
    if (group !== records[i]!.patient) records[i] = { ...records[i]!, group };
  });
  const fingerprint = createHash('sha256');
  for (const { path, size, modified } of files) fingerprint.update(JSON.stringify([path, size, modified]));
  const self = { name, length: entries.length };
  const depth = sharedDepth([...new Set(files.map(({ path }) => path))]);
  return {
    ...self,
    credit,
    findings: frequentFindings(records, options.findings),
    notes,
    fingerprint: fingerprint.digest('hex'),
    record(i) {
      checkIndex(self, i);
      return records[i]!;
    },
    readingNotes: depth.notes,
    async pixels(i, size, threads = 0) {
      checkIndex(self, i);
      const { path } = files[i]!;
      try {
        const square = await (threads > 0 ? decodeOnThread(path, size, threads) : decodeSquare(path, size));
        return inLevels(square, square.bits && (await depth.bits(path, square.bits)));
      } catch (error) {
        const { row } = entries[i]!;
        if (!(error instanceof FileError) || row === undefined) throw error;
        const message = error.message.replace(`${error.path}: `, '');
        throw new FileError(error.path, `${message}; row ${row} of ${basename(table)}`, error.cause);
      }
    },
  };
}

/** A path from the folder, with slashes on every system; absolute where it lies elsewhere. */
function placeIn(folder: string, path: string): string {
  const place = relative(folder, path);
  return place.startsWith('..') || isAbsolute(place) ? path : place.replaceAll('\\', '/');
}

type FoundFile = ImageFile & { readonly modified: number };

async function findFiles({
  folder,
  table,
  entries,
}: {
  folder: string;
  table: string;
  entries: readonly TableEntry[];
}): Promise<FoundFile[]> {
  const paths = entries.map(({ file }) => resolve(folder, file));
  const stats = await inBatches(paths, 256, (path) => stat(path, { bigint: true }).catch(() => undefined));
  const files = stats.flatMap((file, i): FoundFile[] => {
    if (!file?.isFile()) return [];
    const path = paths[i]!;
    return [{ path, size: Number(file.size), modified: Number(file.mtimeMs), identity: identityOf(file, path) }];
  });
  const missing = entries.filter((_, i) => !stats[i]?.isFile());
  if (missing.length === 0) return files;
  const rows = nameRows(missing.flatMap(({ row }) => row ?? []));
  const { file } = missing[0]!;
  const elsewhere = (await findImages(folder).catch(() => undefined))?.(file);
  throw new FileError(
    table,
    `${missing.length} of ${entries.length} images are missing (${rows}); the first is ${isAbsolute(file) ? file : join(folder, file)}` +
      `${elsewhere ? `, but there is ${elsewhere}: the column must hold paths from the folder` : ''}`,
  );
}

/** Device and number of a file; its path where the file system numbers none. */
const identityOf = ({ dev, ino }: BigIntStats, path: string): string => (ino > 0n ? `${dev} ${ino}` : path);

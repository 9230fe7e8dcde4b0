/** The tables of a tree: labels, texts and metadata by image, out of tables about volumes and of what the volumes themselves say. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Papa from 'papaparse';
import { DRR_RATE_LABELS } from '../../../datasets';
import {
  DRR_RATE_TEXTS,
  type DrrRateName,
  type DrrRatePart,
  drrRateTables,
  readTable,
  requireColumns,
  type Table,
} from '../../../datasets/internal';
import { FileError } from '../../../files';
import { writeFileAtomic } from '../../../files/internal';
import { volumeKey } from './name-volumes';
import type { GeometryRecord } from './record';

export type TreeTable = 'labels' | 'reports' | 'metadata';

/** Rows about volumes, by their names without endings. */
export interface GivenTable {
  readonly columns: readonly string[];
  readonly rows: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** Columns that name the volume or image of a row: CT-RATE's, and DRR-RATE's. */
const NAMES = ['VolumeName', 'ImageName'];
const NAME = 'ImageName';

const OWN_METADATA = ['PatientSex', 'PatientAge', 'Rows', 'Columns', 'NumberofSlices', 'XYSpacing', 'ZSpacing'];

const NEEDED: Readonly<Record<TreeTable, readonly string[]>> = { labels: DRR_RATE_LABELS, reports: DRR_RATE_TEXTS, metadata: [] };

/**
 * Reads a table about volumes.
 *
 * @throws FileError where it cannot be read, or lacks the column of names or those of its kind
 */
export async function readGivenTable(path: string, what: TreeTable): Promise<GivenTable> {
  const table: Table = await readTable(path);
  const name = NAMES.find((column) => table.columns.includes(column));
  if (name === undefined) throw new FileError(path, `has no column ${NAMES.join(' or ')}; its columns are ${table.columns.join(', ')}`);
  requireColumns(table, NEEDED[what]);
  return {
    columns: table.columns.filter((column) => column !== name && column !== ''),
    rows: new Map(table.rows.map(({ cells }) => [volumeKey(cells[name]!.trim()), cells])),
  };
}

/** An image of the tree, by the volume that it shows. */
export interface WrittenImage {
  readonly name: DrrRateName;
  /** The volume's name in given tables. */
  readonly key: string;
  readonly record: GeometryRecord;
}

/** Writes a part's three tables; rows of images that are not among these stay as they are. */
export async function writeTables(
  out: string,
  part: DrrRatePart,
  images: readonly WrittenImage[],
  given: Readonly<Partial<Record<TreeTable, GivenTable>>>,
): Promise<void> {
  for (const what of ['labels', 'reports', 'metadata'] as const) {
    const path = join(out, drrRateTables(part)[what]);
    const table = given[what];
    const old = existsSync(path) ? await readTable(path, [NAME]).catch(ignoreEmpty) : undefined;
    const own = what === 'metadata' ? OWN_METADATA : NEEDED[what];
    const columns = [...new Set([NAME, ...own, ...(table?.columns ?? []), ...(old?.columns ?? [])])].filter(
      (column) => column !== '' && column !== 'VolumeName',
    );
    const rows = new Map(old?.rows.map(({ cells }) => [cells[NAME]!, cells as Readonly<Record<string, string>>]));
    for (const { name, key, record } of images)
      rows.set(`${name.image}.png`, {
        ...(what === 'metadata' && metadataOf(record)),
        ...table?.rows.get(key),
        [NAME]: `${name.image}.png`,
      });
    const sorted = [...rows]
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .map(([, row]) => columns.map((column) => row[column] ?? ''));
    await writeFileAtomic(path, `${Papa.unparse([columns, ...sorted], { newline: '\n' })}\n`);
  }
}

/** A table without rows is none yet. */
function ignoreEmpty(error: unknown): undefined {
  if (error instanceof FileError && /has a header but no rows/.test(error.message)) return undefined;
  throw error;
}

function metadataOf({ volume }: GeometryRecord): Record<string, string> {
  const { shape, spacing, PatientSex = '', PatientAge = '' } = volume;
  const mm = (value: number): string => String(Number(value.toFixed(6)));
  return {
    PatientSex,
    PatientAge,
    Rows: String(shape[1]),
    Columns: String(shape[0]),
    NumberofSlices: String(shape[2]),
    XYSpacing: `[${mm(spacing[0])}, ${mm(spacing[1])}]`,
    ZSpacing: mm(spacing[2]),
  };
}

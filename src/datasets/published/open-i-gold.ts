/** Labels that were given to Open-i's reports by hand. NegBio, Peng et al. 2018, arXiv:1712.05898. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../../files';
import type { ImageRecord } from '../dataset';
import { readLabels } from '../folder';
import { readTable } from '../read-table';

const GOLD = 'openi_gld_std14.csv';
/** The column of reports: `CXR` and a number. */
const KEY = 'filename';
/** Reports without any finding. */
const NORMAL = 'normal';

/** The table of gold labels in a folder, in its folder `labels`, or in one of that name beside it. */
export function findGold(folder: string): string | undefined {
  return [folder, join(folder, 'labels'), join(folder, '..', 'labels')].map((each) => join(each, GOLD)).find((path) => existsSync(path));
}

export interface GoldLabels {
  readonly findings: readonly string[];
  /** Of a report by its id; none where the table does not have it. */
  of(report: string): ImageRecord['labels'];
  has(report: string): boolean;
}

const ours = (name: string): string => (name === NORMAL ? 'no finding' : name.toLowerCase().replaceAll('_', ' '));

/**
 * Reads the table: what is not marked as there is absent.
 *
 * @throws FileError where it cannot be read, has no column `filename`, a cell that is no label, or a report twice
 */
export async function readGold(path: string): Promise<GoldLabels> {
  const { rows, columns } = await readTable(path, [KEY, NORMAL]);
  const names = columns.filter((name) => name !== KEY);
  const labels = new Map<string, ImageRecord['labels']>();
  for (const row of rows) {
    const report = row.cells[KEY]!.trim();
    if (labels.has(report)) throw new FileError(path, `row ${row.number}: column ${KEY}: the report has a row already`);
    labels.set(report, readLabels(path, row, names, ours).labels);
  }
  return { findings: names.map(ours), of: (report) => labels.get(report) ?? {}, has: (report) => labels.has(report) };
}

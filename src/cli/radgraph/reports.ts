/** Reports to annotate, of whatever source. */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { openDataset } from '../../datasets';
import { isEmptyCell, readTable, recordsOf } from '../../datasets/internal';
import type { ReportText } from '../../systems';
import { type Context, UsageError } from '../context';

/** A report, and the labels that its data set has of it. */
export interface SourceReport extends ReportText {
  readonly labels: Readonly<Record<string, 0 | 1>>;
}

/**
 * Findings and impression of each study of a data set, one after the other, as RadGraph annotates them, and where it has no sections its text; or a column of a
 * table, keyed by its row.
 *
 * @throws FileError where the source cannot be read, UsageError where a table's column is not named
 */
export async function reportsOf(source: string, textColumn: string | undefined, context: Context): Promise<SourceReport[]> {
  const isDrawn = source === 'phantom' || source === 'world';
  if (!isDrawn && !statSync(source, { throwIfNoEntry: false })?.isDirectory()) {
    if (textColumn === undefined)
      throw new UsageError('radgraph infer: say which column of the table holds the reports with --text-column');
    const { rows } = await readTable(source, [textColumn]);
    return rows.map(({ number, cells }) => ({
      key: `row ${number}`,
      text: isEmptyCell(cells[textColumn]!) ? '' : cells[textColumn]!,
      labels: {},
    }));
  }
  if (textColumn !== undefined) throw new UsageError('radgraph infer: --text-column is for a table, and this is a data set');
  const dataset = await openDataset({ data: isDrawn ? source : resolve(source) });
  for (const note of dataset.notes ?? []) context.say(`${source}: ${note}`);
  const reports = new Map<string, SourceReport>();
  for (const { id, study, text, sections, labels } of recordsOf(dataset)) {
    const parts = [sections?.findings, sections?.impression].filter((part) => part !== undefined && part.trim() !== '');
    const key = study ?? id; // images of one study have one report
    if (!reports.has(key)) reports.set(key, { key, text: parts.length > 0 ? parts.join(' ') : text, labels });
  }
  return [...reports.values()];
}

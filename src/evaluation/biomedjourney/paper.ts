/** The paper's own table, and how it is to be read beside ours. */

import { readPaperFile } from '../paper';
import type { Cell, ResultTable } from '../result';

const COLUMNS = ['pathology AUC', 'race AUC', 'age r', 'CMIG', 'lung Dice', 'label KL'] as const;
type Row = { readonly model: string } & Partial<Record<(typeof COLUMNS)[number], number>>;

/** BiomedJourney's numbers: real radiographs, other networks, no intervals printed. */
export function paperJourneys(): ResultTable {
  const { source, rows } = readPaperFile<Row>('biomedjourney');
  return {
    name: 'paper-biomedjourney',
    title: `${source}; real radiographs and other networks, no intervals printed, not measured here`,
    rows: rows.map((row) => ({
      'the paper’s row': row.model,
      ...Object.fromEntries(COLUMNS.map((column): [string, Cell] => [`paper: ${column}`, row[column] ?? null])),
    })),
  };
}

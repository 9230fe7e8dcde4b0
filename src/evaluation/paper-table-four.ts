/** The paper's own Table 4, shown beside a result so that nobody mistakes either for the other. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ResultTable } from './result';

interface PaperPart {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly model: string; readonly values: readonly number[] }[];
}

/** A part of Table 4 as it is printed, in hundredths, with the names of columns as far as they are known. */
export function paperTableFour(name: 'report generation' | 'image–image retrieval' | 'image–text retrieval'): ResultTable {
  const path = resolve(__dirname, '..', '..', 'data', 'paper', 'table4.json');
  const { parts } = JSON.parse(readFileSync(path, 'utf8')) as { parts: readonly PaperPart[] };
  const { columns, rows } = parts.find((part) => part.name === name)!;
  return {
    name: `paper-${name.replace(/[– ]/g, '-')}`,
    title: `The paper's own Table 4, ${name}: MIMIC-CXR, other networks, hundredths, no intervals printed; not to be compared cell by cell`,
    rows: rows.map(({ model, values }) => ({
      "the paper's model": model,
      ...Object.fromEntries(columns.map((column, i) => [`paper: ${column}`, values[i]!])),
    })),
  };
}

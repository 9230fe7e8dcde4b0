/** The paper's own numbers, which stand in tables of their own beside what is measured here. */

import { join, resolve } from 'node:path';
import { readObject } from '../files';
import type { Cell, ResultTable } from './result';

const FOLDER = resolve(__dirname, '..', '..', 'data', 'paper');

/**
 * A table of RoentGen (arXiv:2211.12737) as printed: `data/paper/<name>.json`, a list of rows under `rows`.
 *
 * @param title what is in it; that it is the paper's, of MIMIC-CXR at 512 pixels, is added
 */
export async function paperTable(name: string, title: string): Promise<ResultTable> {
  const { rows } = await readObject<{ rows: readonly Readonly<Record<string, Cell>>[] }>(join(FOLDER, `${name}.json`));
  return { name: `paper-${name}`, title: `${title}: the paper's own, of MIMIC-CXR at 512 pixels; not comparable in size`, rows };
}

/** A data set in two parts, to learn from and to measure on. */

import { type Dataset, type ImageRecord, splitByPatient, subset } from '../datasets';
import { recordsOf } from '../datasets/internal';
import { key } from '../engine';

/** Of the patients, where the publishers put none aside. */
const TEST = 0.1;

/** As published where it is divided, else by patient. */
export function trainAndTest(dataset: Dataset): { readonly train: Dataset; readonly test: Dataset } {
  const records = recordsOf(dataset);
  if (!records.some(({ split }) => split === 'test')) return splitByPatient(dataset, { testFraction: TEST, key: key(0) });
  return { train: subset(dataset, rowsOf(records, 'train')), test: subset(dataset, rowsOf(records, 'test')) };
}

const rowsOf = (records: readonly ImageRecord[], part: ImageRecord['split']): number[] =>
  records.flatMap(({ split }, i) => (split === part ? [i] : []));

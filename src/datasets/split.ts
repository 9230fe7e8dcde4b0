/** Parts of a dataset. A split never divides a patient or an image: two images of one person in both parts would flatter every metric. */

import { createHash } from 'node:crypto';
import type { Key } from '../engine';
import { permutation } from '../engine/internal';
import { checkIndex, type Dataset } from './dataset';

/**
 * The records at these indices, in this order, as a dataset.
 *
 * @throws RangeError where an index is not in the dataset
 */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const order = Int32Array.from(indices);
  for (const i of Array.from(indices)) checkIndex(dataset, i);
  const { name, credit, findings, notes, withoutImages, fingerprint } = dataset;
  const part = { name, length: order.length };
  const at = (i: number): number => {
    checkIndex(part, i);
    return order[i]!;
  };
  return {
    ...part,
    credit,
    findings,
    notes,
    ...(withoutImages === undefined ? {} : { withoutImages }),
    fingerprint: fingerprint === undefined ? undefined : createHash('sha256').update(fingerprint).update(order).digest('hex'),
    record: (i) => dataset.record(at(i)),
    pixels: async (i, size, threads) => dataset.pixels(at(i), size, threads),
    ...(dataset.original ? { original: async (i: number) => dataset.original!(at(i)) } : {}),
    ...(dataset.shortSide ? { shortSide: async (i: number) => dataset.shortSide!(at(i)) } : {}),
    readingNotes: dataset.readingNotes ? () => dataset.readingNotes!() : undefined,
    batch: dataset.batch ? async (indices, size, options) => dataset.batch!(Int32Array.from(indices, at), size, options) : undefined,
  };
}

/**
 * Divides a dataset by patient; patients who share an image (`ImageRecord.group`) stay together. Patients are drawn in an order that depends on the key
 * alone until the test part has its fraction of the images; each part has at least one patient.
 *
 * @param testFraction fraction of the images for the test part, in (0, 1)
 * @returns both parts with the records in the dataset's order
 * @throws RangeError where the fraction is out of range or there are fewer than two patients
 */
export function splitByPatient(dataset: Dataset, options: { testFraction: number; key: Key }): { train: Dataset; test: Dataset } {
  const { testFraction, key } = options;
  if (!(testFraction > 0 && testFraction < 1))
    throw new RangeError(`splitByPatient: testFraction: expected a number between 0 and 1, got ${testFraction}`);
  const byPatient = new Map<string, number[]>();
  for (let i = 0; i < dataset.length; i++) {
    const { patient, group = patient } = dataset.record(i);
    const images = byPatient.get(group);
    if (images) images.push(i);
    else byPatient.set(group, [i]);
  }
  if (byPatient.size < 2)
    throw new RangeError(
      `splitByPatient: ${dataset.name} holds ${byPatient.size === 1 ? 'one patient' : 'no patients'}; expected at least two`,
    );

  const patients = [...byPatient.keys()].sort(); // the order of the records has no part in the split
  const drawn = Array.from(permutation(key, patients.length), (i) => byPatient.get(patients[i]!)!);
  const testImages = testFraction * dataset.length;
  const test: number[] = [];
  const train: number[] = [];
  drawn.forEach((images, n) => {
    const toTest = n < drawn.length - 1 && test.length < testImages;
    (toTest ? test : train).push(...images);
  });
  const inOrder = (indices: number[]): Dataset =>
    subset(
      dataset,
      indices.sort((a, b) => a - b),
    );
  return { train: inOrder(train), test: inOrder(test) };
}

/** Folds of a training set: over images as the paper's code has them, which puts one patient's on both sides, and over patients. */

import { type Key, key } from '../../../engine';
import { permutation } from '../../../engine/internal';
import type { DomainImages } from './domain-images';

export type FoldBy = 'image' | 'patient';

/** The paper's seed. */
const SEED = 42;

export interface Fold {
  readonly training: Int32Array;
  readonly heldOut: Int32Array;
}

/**
 * Divides images into folds of equal size, by image or, with whole patients, as equal as these allow.
 *
 * @throws RangeError where there are fewer images or patients than folds
 */
export function foldsOf({ images }: Pick<DomainImages, 'images'>, by: FoldBy, count: number, from: Key = key(SEED)): Fold[] {
  const unit = images.map(({ patient }, i) => (by === 'patient' ? patient : String(i)));
  const units = [...new Set(unit)];
  if (units.length < count) throw new RangeError(`folds: expected at least ${count} ${by}s, got ${units.length}`);
  const sizes = new Map<string, number>();
  for (const name of unit) sizes.set(name, (sizes.get(name) ?? 0) + 1);
  const filled = new Array<number>(count).fill(0);
  const foldOf = new Map<string, number>();
  for (const at of permutation(from, units.length)) {
    const fold = filled.indexOf(Math.min(...filled));
    foldOf.set(units[at]!, fold);
    filled[fold]! += sizes.get(units[at]!)!;
  }
  return filled.map((_, fold) => {
    const rows = (inside: boolean): Int32Array =>
      Int32Array.from(unit.flatMap((name, i) => ((foldOf.get(name) === fold) === inside ? [i] : [])));
    return { training: rows(false), heldOut: rows(true) };
  });
}

/** Share of held-out images whose patient is among the training ones: 0 by patient, what leaks by image. */
export function leakOf({ images }: Pick<DomainImages, 'images'>, { training, heldOut }: Fold): number {
  const known = new Set(Array.from(training, (i) => images[i]!.patient));
  return heldOut.filter((i) => known.has(images[i]!.patient)).length / heldOut.length;
}

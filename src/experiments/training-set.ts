/** What a recipe's training is shown: images and texts as they are, or with changed copies. */

import { augmentedRows } from '../datasets';
import { foldIn, type Key } from '../engine';
import type { Rows } from '../files';
import type { TrainingSet } from '../training';
import type { Recipe } from './recipe';

/** The child of a training's key that changes of images are drawn from. */
const AUGMENTING = 1001;

/**
 * The data with the copies that the recipe asks for (`data.augmentation`): their texts are those of their images.
 *
 * @throws RangeError where images that are edited would be changed otherwise than their originals
 */
export function trainingSet({ data, size }: Recipe, pixels: Rows, texts: readonly string[], key: Key, originals?: Rows): TrainingSet {
  const { augmentation } = data;
  if (!augmentation) return { pixels, texts, ...(originals && { originals }) };
  if (originals)
    throw new RangeError('data.augmentation: would move images away from their originals; leave it out of a recipe that edits');
  return {
    pixels: augmentedRows(pixels, size, augmentation, foldIn(key, AUGMENTING)),
    texts: Array.from({ length: augmentation.copies }, () => texts).flat(),
  };
}

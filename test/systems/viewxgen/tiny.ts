/** A network of a few parameters, and studies that it reads. */

import { key, randomInts } from 'roentgen-lab/engine';
import type { ChestView, ImagePart, TextPart, ViewxgenConfig } from 'roentgen-lab/systems';

export const tinyConfig: ViewxgenConfig = {
  model_type: 'viewxgen',
  dim: 16,
  depth: 2,
  heads: 2,
  dim_head: 8,
  features: 12,
  attention: 'relu',
  text_vocabulary: 30,
  text_length: 7,
  codes: 11,
  grid: 3,
  images: 3,
};

export const imagePart = (view: ChestView, seed: number): ImagePart => ({
  kind: 'image',
  view,
  codes: randomInts(key(seed), tinyConfig.grid ** 2, 0, tinyConfig.codes),
});

/** A start, words, an end, padding. */
export const textPart = (...words: number[]): TextPart => ({
  kind: 'text',
  ids: [28, ...words, 29, ...new Array<number>(tinyConfig.text_length - words.length - 2).fill(29)],
  length: words.length + 2,
});

/**
 * The numbers of tokens and of positions: those of texts first, then those of images. Both have one table, so that a sequence of both is one row of integers.
 */

import type { ViewxgenConfig } from '../network/config';
import { type ChestView, kindOf, type ViewKind, viewKinds } from './views';

/** Beyond the codes: padding, start and end of each kind of view, and what the published vocabulary has besides, which is never used. */
const FURTHER = 11;

/** Tokens of images: 1,035 for 1,024 codes, as published. */
export const imageVocabulary = ({ codes }: Pick<ViewxgenConfig, 'codes'>): number => codes + FURTHER;

/** Tokens of texts and of images. */
export const vocabularyOf = (config: Pick<ViewxgenConfig, 'codes' | 'text_vocabulary'>): number =>
  config.text_vocabulary + imageVocabulary(config);

/** Tokens that an image takes: its codes, row by row, between start and end. */
export const imageLength = ({ grid }: Pick<ViewxgenConfig, 'grid'>): number => grid ** 2 + 2;

/** Tokens of a whole sequence: a text and as many images as a study may have. */
export const sequenceLength = (config: Pick<ViewxgenConfig, 'grid' | 'images' | 'text_length'>): number =>
  config.text_length + config.images * imageLength(config);

/** Marks of images, by the published numbers: padding after the last code, then start and end of AP, of PA, of both lateral views. */
export interface ImageMarks {
  readonly padding: number;
  readonly start: number;
  readonly end: number;
}

export function imageMarks({ codes }: Pick<ViewxgenConfig, 'codes'>, view: ChestView): ImageMarks {
  const first = codes + 1 + 2 * viewKinds.indexOf(kindOf(view));
  return { padding: codes, start: first, end: first + 1 };
}

/** What has positions of its own. */
export type PositionTable = 'text' | ViewKind | 'padding';

/** Where a table's positions begin in the table of all. */
export function firstPosition(config: Pick<ViewxgenConfig, 'grid' | 'text_length'>, table: PositionTable): number {
  if (table === 'text') return 0;
  const before = table === 'padding' ? viewKinds.length : viewKinds.indexOf(table);
  return config.text_length + before * imageLength(config);
}

/** One door to every dataset, for command line and notebooks. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Key } from '../engine';
import { FileError } from '../files';
import type { Dataset } from './dataset';
import { openFolder } from './folder';
import { openNih } from './nih';
import { openPhantom } from './phantom';
import { splitByPatient } from './split';
import { openWorld } from './world';

/** What names a dataset on disk. */
export interface OpenDatasetOptions {
  /** Folder of images, or `phantom` or `world` for what is built in. */
  readonly data: string;
  /** CSV of texts, in the folder or beside; with `imageColumn` and `textColumn`. */
  readonly csv?: string;
  readonly imageColumn?: string;
  readonly textColumn?: string;
  /** Column that is equal for images of one patient. */
  readonly patientColumn?: string;
}

/**
 * Opens what is built in by its name, or a folder: with a CSV and its columns any images and texts, without one the layouts that are known (NIH ChestX-ray14's `manifest.csv`).
 *
 * @throws FileError where the folder is missing or of no known layout, saying what to give
 */
export async function openDataset({ data, csv, imageColumn, textColumn, patientColumn }: OpenDatasetOptions): Promise<Dataset> {
  if (data === 'phantom') return openPhantom();
  if (data === 'world') return openWorld();
  if (!existsSync(data)) throw new FileError(data, 'there is no such folder');
  if (csv !== undefined) {
    if (imageColumn === undefined || textColumn === undefined)
      throw new RangeError(`${csv}: say which of its columns hold the images' files and their texts (--image-column, --text-column)`);
    return openFolder({ folder: data, csv, imageColumn, textColumn, skipEmptyText: true, ...(patientColumn ? { patientColumn } : {}) });
  }
  if (existsSync(join(data, 'manifest.csv'))) return openNih(data);
  throw new FileError(data, 'is of no known layout (no manifest.csv); give a CSV of texts with --csv, --image-column and --text-column');
}

/** Pictures to train on, and pictures of other patients to measure on. */
export interface DatasetSplit {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** The built-in phantom, the same for every run: frontal views with short prompts. */
export function phantomSplit(counts: { readonly train: number; readonly test: number }): DatasetSplit {
  return { train: openPhantom({ seed: 1, count: counts.train }), test: openPhantom({ seed: 2, count: counts.test }) };
}

/** The built-in small world, the same for every run. */
export function worldSplit(counts: { readonly train: number; readonly test: number }): DatasetSplit {
  return { train: openWorld({ seed: 1, count: counts.train }), test: openWorld({ seed: 2, count: counts.test }) };
}

/** How many texts of each kind `vocabularyTexts` has. */
const VOCABULARY_TEXTS = { impressions: 1000, prompts: 2000 };

/**
 * What a vocabulary should know besides a dataset's own texts: the phantom's long impressions, and for the small world the phantom's prompts too, so
 * that a model of the world is adapted to radiographs without new tokens.
 */
export function vocabularyTexts(data: string): string[] {
  const texts = (style: 'impression' | 'prompt', count: number): string[] => {
    const phantom = openPhantom({ style, count });
    return Array.from({ length: count }, (_, i) => phantom.record(i).text);
  };
  const impressions = texts('impression', VOCABULARY_TEXTS.impressions);
  return data === 'world' ? [...impressions, ...texts('prompt', VOCABULARY_TEXTS.prompts)] : impressions;
}

/** Share of the patients of a real dataset that are measured on. */
const TEST_FRACTION = 0.2;

/**
 * The phantom or the small world, where `data` is "phantom" or "world", or a folder's images divided by patient.
 *
 * @param options.counts sizes of a built-in dataset's parts
 * @param options.key    fixes the division
 */
export async function openSplit(
  options: OpenDatasetOptions & { readonly counts: { readonly train: number; readonly test: number }; readonly key: Key },
): Promise<DatasetSplit> {
  if (options.data === 'phantom') return phantomSplit(options.counts);
  if (options.data === 'world') return worldSplit(options.counts);
  return splitByPatient(await openDataset(options), { testFraction: TEST_FRACTION, key: options.key });
}

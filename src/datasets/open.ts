/** One door to every dataset, for command line and notebooks. */

import { statSync } from 'node:fs';
import type { Key } from '../engine';
import { tellWait } from '../engine/internal';
import { type DicomGreys, FileError } from '../files';
import { type Contrast, withContrast } from './contrast';
import { type Dataset, textsOf } from './dataset';
import { openFolder } from './folder';
import { largeEnough } from './large-enough';
import { openLayout } from './layouts';
import { openPhantom, type Projection } from './phantom';
import { withoutUnreadable } from './readable';
import { namesShards, openShards } from './shards';
import { splitByPatient } from './split';
import { styledPhantom, type TextStyle } from './text-styles';
import { openWorld } from './world';

/** What names a dataset on disk. */
export interface OpenDatasetOptions {
  /** Folder of images, WebDataset shards (`openShards`), or `phantom` or `world` for what is built in. */
  readonly data: string;
  /** Table of texts (`readTable`), in the folder or beside; with `imageColumn` and `textColumn`. */
  readonly csv?: string;
  readonly imageColumn?: string;
  readonly textColumn?: string;
  /** Column that is equal for images of one patient; without it each image is a patient of its own. */
  readonly patientColumn?: string;
  /** Decodes every image first and leaves out those that cannot be read, counted (`withoutUnreadable`); otherwise the first one is an error where it is used. */
  readonly skipUnreadable?: boolean;
  /** How the values of DICOM images become greys (`readImage`); over their whole range where it is left out. */
  readonly greys?: DicomGreys;
  /** What is done to the images' contrast (`withContrast`); nothing where it is left out. */
  readonly contrast?: Contrast;
}

/**
 * Opens what is built in by its name, or a folder: with a table and its columns any images and texts, without one the layouts that are known (`openLayout`).
 *
 * @throws FileError where the folder is missing or of no known layout, saying what to give; RangeError where columns are missing or named for nothing
 */
export async function openDataset({ skipUnreadable = false, greys, contrast, ...options }: OpenDatasetOptions): Promise<Dataset> {
  const opened = await open(options);
  const grey = greys === undefined ? opened : opened.withGreys?.(greys);
  if (grey === undefined) throw new RangeError(`${options.data}: is drawn; a window (greys) belongs to DICOM images`);
  const dataset = contrast === undefined ? grey : withContrast(grey, contrast);
  if (!skipUnreadable || dataset.withoutImages !== undefined) return dataset;
  return (await withoutUnreadable(dataset, { onProgress: (done, total) => tellWait('looking at images', done, total) })).dataset;
}

async function open({ data, csv, imageColumn, textColumn, patientColumn }: OpenDatasetOptions): Promise<Dataset> {
  if (data === 'phantom') return openPhantom();
  if (data === 'world') return openWorld();
  if (namesShards(data)) {
    if (csv !== undefined) throw new RangeError(`${data}: shards hold their texts; a table (--csv) belongs to a folder of images`);
    return openShards(data);
  }
  if (!statSync(data, { throwIfNoEntry: false })?.isDirectory()) throw new FileError(data, 'there is no such folder');
  if (csv === undefined) return openLayout(data, { imageColumn, textColumn, patientColumn });
  if (imageColumn === undefined || textColumn === undefined)
    throw new RangeError(`${csv}: say which of its columns hold the images' files and their texts (--image-column, --text-column)`);
  return openFolder({ folder: data, csv, imageColumn, textColumn, patientColumn, skipEmptyText: true });
}

/** Images to train on, and images of other patients to measure on. */
export interface DatasetSplit {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** Sizes of the phantom's parts, and the views of the one to train on. */
export interface PhantomCounts {
  readonly train: number;
  readonly test: number;
  /** Default PA and AP. The part to measure on has these in any case, so that figures compare. */
  readonly views?: readonly Projection[];
  /** What its texts are, in both parts. Default `prompt`. */
  readonly style?: TextStyle;
}

/** The built-in phantom, the same for every run: frontal views, with short prompts where no other style is asked for. */
export function phantomSplit({ train, test, views, style }: PhantomCounts): DatasetSplit {
  return { train: styledPhantom({ seed: 1, count: train, views, style }), test: styledPhantom({ seed: 2, count: test, style }) };
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
  const texts = (style: 'impression' | 'prompt', count: number): string[] => textsOf(openPhantom({ style, count }));
  const impressions = texts('impression', VOCABULARY_TEXTS.impressions);
  return data === 'world' ? [...impressions, ...texts('prompt', VOCABULARY_TEXTS.prompts)] : impressions;
}

export interface SplitOptions {
  /** Sizes of a built-in dataset's parts. */
  readonly counts: PhantomCounts;
  /** Fixes the division. */
  readonly key: Key;
  /** Pixels a side of what is to be made of the images: those of a folder that have fewer are left out first. */
  readonly size: number;
  /** Images that each part must have; by default 1. */
  readonly least?: number;
}

/** Fraction of the patients of a real dataset that are measured on. */
const TEST_FRACTION = 0.2;

/**
 * The phantom or the small world, where `data` is "phantom" or "world", or a folder's images divided by patient.
 *
 * @throws FileError where a part has fewer, saying how many patients are enough, or where the data have no images
 */
export async function openSplit(options: OpenDatasetOptions & SplitOptions): Promise<DatasetSplit> {
  const { data, counts, key, contrast, least = 1 } = options;
  const drawn = data === 'phantom' ? phantomSplit(counts) : data === 'world' ? worldSplit(counts) : undefined;
  const shown = (part: Dataset): Dataset => (contrast === undefined ? part : withContrast(part, contrast));
  const parts = drawn
    ? { train: shown(drawn.train), test: shown(drawn.test) }
    : splitByPatient(await usable(options), { testFraction: TEST_FRACTION, key });
  const { train, test } = parts;
  if (train.length < least || test.length < least)
    throw new FileError(
      data,
      `${train.length} pictures to train on and ${test.length} of other patients to measure on are too few; expected ${least} of each at least, which ${Math.floor((least - 1) / TEST_FRACTION) + 1} patients give`,
    );
  return parts;
}

/** A folder's images that can be trained on. */
async function usable(options: OpenDatasetOptions & Pick<SplitOptions, 'size'>): Promise<Dataset> {
  const dataset = await openDataset(options);
  if (dataset.withoutImages !== undefined) throw new FileError(options.data, `has no images to train on; ${dataset.withoutImages}`);
  return largeEnough(dataset, options.size);
}

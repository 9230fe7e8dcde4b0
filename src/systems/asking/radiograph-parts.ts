/** What a model that is asked learns from and is measured on: studies of the phantom, or a data set in two parts. */

import { type Dataset, type LoadPixelsOptions, openPhantom, type Projection, writeReport } from '../../datasets';
import { recordsOf } from '../../datasets/internal';
import { trainAndTest } from '../train-and-test';
import { datasetRadiographs, type PhantomRadiographsOptions, phantomRadiographs, type Radiographs } from './radiographs';

export interface RadiographParts {
  readonly train: Radiographs;
  /** Of other patients. */
  readonly test: Radiographs;
  /** Reports that a language model reads before it sees images. */
  readonly texts: readonly string[];
}

/** How many studies of the phantom. */
export interface PhantomParts {
  readonly train: number;
  readonly test: number;
  readonly texts: number;
}

/** Patients of the phantom: those of one part are in no other. */
export const ASKED_SEEDS: Readonly<Record<keyof PhantomParts, number>> = { train: 81, test: 82, texts: 83 };

/** @throws the signal's reason where it was raised */
export async function phantomParts(
  counts: PhantomParts,
  size: number,
  views: readonly Projection[],
  reading: LoadPixelsOptions = {},
): Promise<RadiographParts> {
  const part = (name: 'train' | 'test'): PhantomRadiographsOptions => ({ seed: ASKED_SEEDS[name], count: counts[name], views });
  const spoken = openPhantom({ seed: ASKED_SEEDS.texts, count: counts.texts, style: 'impression', views });
  return {
    train: await phantomRadiographs(part('train'), size, reading),
    test: await phantomRadiographs(part('test'), size, reading),
    texts: Array.from({ length: counts.texts }, (_, i) => writeReport(spoken.study(i)).findings.text),
  };
}

/** The same of a data set, by its publishers' parts or by patient; the texts are the training part's reports. */
export async function datasetParts(dataset: Dataset, size: number, reading: LoadPixelsOptions = {}): Promise<RadiographParts> {
  const { train, test } = trainAndTest(dataset);
  const texts = recordsOf(train).map(({ sections, text }) => sections?.findings || text);
  return {
    train: await datasetRadiographs(train, size, reading),
    test: await datasetRadiographs(test, size, reading),
    texts: texts.filter((text) => text !== ''),
  };
}

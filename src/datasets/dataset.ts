/** What every dataset is: records of text, labels and patient, and pixels at any size on request. */

import type { DicomGreys } from '../files';
import type { ReportSections } from '../reports';

/** The sections of a report, each on one line without blanks of de-identification. */
export type RecordSections = Omit<ReportSections, 'sections' | 'lastParagraph'>;

/** A part of a collection as it was published: its validation part goes by one name, whatever the collection calls it. */
export type PublishedSplit = 'train' | 'validate' | 'test';

/** What is known about one image, or of reports without images about one report; without pixels. */
export interface ImageRecord {
  /** Unique in its dataset. Never logged: with real data it may identify a study. */
  readonly id: string;
  /** The collection that it comes from. */
  readonly source?: string;
  /** Where the image lies, from the data's folder; absent where it is drawn, or where there is none. Never logged. */
  readonly file?: string;
  /** The part that the collection's publishers put it in. */
  readonly split?: PublishedSplit;
  /** Images of one patient share it; splits never divide a patient. */
  readonly patient: string;
  /** What a split keeps together where that is more than a patient: several who share an image. */
  readonly group?: string;
  /** The prompt, report or caption that belongs to the image. */
  readonly text: string;
  /** The whole report, where the source has one: `text` is one of these, most often the impression. */
  readonly sections?: RecordSections;
  /** Images that were taken together share it, where that is known. */
  readonly study?: string;
  /** Days between the study and some first day of the patient's own, where known: journeys are in its order. */
  readonly day?: number;
  /** Projection, such as `PA`, `AP`, `lateral`; absent where unknown. */
  readonly view?: string;
  /** Years. */
  readonly age?: number;
  readonly sex?: 'M' | 'F';
  /** Groups that the patient belongs to, where more than age and sex is known: `{ age: '65+', bmi: 'obese' }`. */
  readonly groups?: Readonly<Record<string, string>>;
  /** Finding → 1 present, 0 absent. A finding that is not a key is unknown for this image. */
  readonly labels: Readonly<Record<string, 0 | 1>>;
  /** Findings that are no key of `labels` because the source says that they may be there: its -1. */
  readonly uncertain?: readonly string[];
  /** The patient's side of a finding, where it has one. */
  readonly sides: Readonly<Record<string, 'left' | 'right'>>;
}

/** Images with texts, by index. Plain data: holding one holds no file open. */
export interface Dataset {
  readonly name: string;
  /** Origin and licence, one sentence, shown beside images made from it. */
  readonly credit: string;
  /** The labels worth measuring, in a fixed order. */
  readonly findings: readonly string[];
  /** What was left out of it and why, one sentence each, with counts and without texts: to be shown where it is used. */
  readonly notes?: readonly string[];
  readonly length: number;
  /** Where the data hold texts and labels alone: what to do to have images too, which `pixels` says then. */
  readonly withoutImages?: string;
  /** Changes whenever any pixel may: what `loadPixels` keeps on disk belongs to it. Absent where nothing may be kept. */
  readonly fingerprint?: string;
  /** @throws RangeError where `i` is not an integer in [0, length) */
  record(i: number): ImageRecord;
  /**
   * The image as a square of `size` × `size`, grey, row-major, 0 (black) to 1 (white).
   *
   * @param threads how many threads may decode images that are asked for at the same time; by default this one does. The values are the same
   * @throws FileError where the image is missing, truncated or not an image, naming file and row; or where the data have no images
   */
  pixels(i: number, size: number, threads?: number): Promise<Float32Array>;
  /**
   * The shorter side of the image as its file has it, pixels, without decoding it; of files whose header is not known here, and of those that cannot be read,
   * infinity. Absent where images are drawn or there are none.
   */
  shortSide?(i: number): Promise<number>;
  /**
   * The image's file as it is, and its name, of which the ending tells the format. Absent where images are drawn or there are none.
   *
   * @throws FileError where it cannot be read
   */
  original?(i: number): Promise<{ readonly name: string; readonly bytes: Buffer }>;
  /** The same with another way from DICOM's values to greys (`readImage`). Absent where images are drawn. */
  withGreys?(greys: DicomGreys): Dataset;
  /** What reading the images has shown so far and users should know, each a sentence with counts. */
  readingNotes?(): readonly string[];
  /**
   * Several images at once, the same numbers as `pixels`: [indices.length * size * size]. Present where a dataset has a faster way than one
   * after the other and keeps its own images; `loadPixels` then takes it.
   */
  batch?(indices: ArrayLike<number>, size: number, options?: BatchOptions): Promise<Float32Array>;
}

export interface BatchOptions {
  /** Called after each part with the number of images done and wanted. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two parts. */
  readonly signal?: AbortSignal;
}

/** @throws RangeError where `i` is not an integer in [0, length) */
export function checkIndex(dataset: { readonly name: string; readonly length: number }, i: number): void {
  if (!Number.isInteger(i) || i < 0 || i >= dataset.length)
    throw new RangeError(`${dataset.name}: record ${i}: expected an integer from 0 to ${dataset.length - 1}`);
}

/** The first `count` records, by default all. */
export function recordsOf(dataset: Pick<Dataset, 'length' | 'record'>, count: number = dataset.length): ImageRecord[] {
  return Array.from({ length: Math.min(count, dataset.length) }, (_, i) => dataset.record(i));
}

/** The texts of the first `count` records, by default of all. */
export function textsOf(dataset: Pick<Dataset, 'length' | 'record'>, count?: number): string[] {
  return recordsOf(dataset, count).map(({ text }) => text);
}

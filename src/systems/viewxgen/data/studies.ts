/** Studies with several views and one report: of the phantom, or of a data set whose images name their study. */

import type { Rows } from '../../../files';
import type { ChestView } from '../sequence/views';

export interface StudyImage {
  readonly view: ChestView;
  /** Its row among all images. */
  readonly row: number;
}

export interface ViewStudy {
  readonly id: string;
  readonly patient: string;
  /** The whole report, lower-cased, white space collapsed, as published. */
  readonly report: string;
  /** From 1 on, the study's first first. */
  readonly images: readonly StudyImage[];
  /** What is there and what is not, by finding. */
  readonly labels: Readonly<Record<string, 0 | 1>>;
}

export interface ViewStudies {
  readonly studies: readonly ViewStudy[];
  /** Grey images, size × size a row, 0 to 1. */
  readonly pixels: Rows;
}

/** To learn from, and of other patients to measure on. */
export const viewSplits = ['train', 'test'] as const;
export type ViewSplit = (typeof viewSplits)[number];
export type ViewStudyParts = Readonly<Record<ViewSplit, ViewStudies>>;

export interface ReadViewsOptions {
  /** Pixels a side. */
  readonly size: number;
  /** Images of a study at most. */
  readonly images: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  readonly onNote?: (note: string) => void;
}

/** A report as the network reads it. */
export const reportText = (report: string): string => report.toLowerCase().replace(/\s+/g, ' ').trim();

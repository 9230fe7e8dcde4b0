/** What is found of copies. */

import type { Estimate } from '../estimate';
import type { Nearest } from './nearest';

export interface MemorisationRow {
  /** A model, or a control. */
  readonly images: string;
  readonly space: string;
  /** Median distance to the nearest training image. */
  readonly median: Estimate;
  /** The same of real images of the test part. */
  readonly realMedian: Estimate;
  /** The first over the second. */
  readonly ratio: Estimate;
  /** Share of images that are nearer to a training image than all but `percentile` per cent of real images of other patients. */
  readonly copyRate: Estimate;
  /** That an image is nearer to the training part than a real image of other patients; 0.5 where it is as near. */
  readonly nearer: Estimate;
  /** Of each image. */
  readonly nearest: Nearest;
}

/** An image and the training image nearest to it. */
export interface ClosestPair {
  readonly images: string;
  readonly space: string;
  readonly distance: number;
  readonly made: Float32Array;
  readonly trained: Float32Array;
}

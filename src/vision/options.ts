import type * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics } from '../nn';

/** What a convolutional network may be asked besides its results. */
export interface VisionOptions {
  /** Training mode (`withBatchStatistics`); by default running statistics are used. */
  readonly statistics?: BatchStatistics;
  /** Sees the maps of inner parts, [B, h, w, C], by the names of the reference; borrowed. */
  readonly onBlock?: (name: string, output: tf.Tensor4D) => void;
}

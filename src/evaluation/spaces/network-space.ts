/** A network as a feature space: a batch of images at a time through one graph. */

import type * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, scope, type Tree } from '../../engine';
import { overRows } from '../../engine/internal';
import type { FeatureSpace } from '../features';

export interface NetworkSpace<P extends Tree> extends Pick<FeatureSpace, 'name' | 'definition' | 'identity' | 'width'> {
  /** Disposed with the space. */
  readonly params: P;
  /**
   * @param images [B, size, size, 1], 0 to 1
   * @returns      [B, width]
   */
  readonly features: (params: P, images: tf.Tensor4D) => tf.Tensor2D;
}

const BATCH = 32;

/** The space. Its graph is made for the first size that it is given, and again for another. */
export function networkSpace<P extends Tree>({ params, features, width, ...about }: NetworkSpace<P>): FeatureSpace {
  const network = compileNetwork((weights: P, images: tf.Tensor4D) => scope(() => ({ features: features(weights, images) })));
  return {
    ...about,
    width,
    async extract(pixels, size) {
      const columns = [{ values: pixels, shape: [size, size, 1] }];
      const run = (images: tf.Tensor): { features: tf.Tensor } => network(params, images as tf.Tensor4D);
      return (await overRows(run, columns, { features: width }, { batch: BATCH })).features;
    },
    dispose() {
      network.dispose();
      dispose(params);
    },
  };
}

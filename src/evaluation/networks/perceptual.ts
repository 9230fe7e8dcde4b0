/** How different pairs of images look to a network: ImageNet's where it was got, else the chest classifier. */

import type * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, scope, type Tree } from '../../engine';
import { overRows } from '../../engine/internal';
import { perceptualNetwork } from '../../metrics';
import { perceptualDistances } from '../../metrics/internal';
import type { Bench } from '../bench';
import { ownClassifier } from '../spaces/chest';
import { imageNetFeatures } from '../spaces/imagenet';

export interface PerceptualMeasure {
  /** In a sentence with a version. */
  readonly definition: string;
  /**
   * @param a images one after another, size × size, 0 to 1
   * @param b as many
   * @returns one an image
   */
  between(a: Float32Array, b: Float32Array, size: number): Promise<Float32Array>;
  dispose(): void;
}

const BATCH = 16;

/** The caller disposes it. */
export async function perceptualMeasure(bench: Bench): Promise<PerceptualMeasure> {
  const imageNet = await imageNetFeatures();
  if (imageNet)
    return measureOf(
      `of five layers of EfficientNet-Lite0 trained on ImageNet (${imageNet.blocks.join(', ')}), grey as three channels, resized to ${imageNet.side} bicubically`,
      imageNet.params,
      imageNet.features,
    );
  const { data, ...classifier } = await ownClassifier(bench);
  const { params, features } = perceptualNetwork(classifier);
  return measureOf(
    `of the convolutions of this project's chest classifier, trained on ${data.name}, since there is no ImageNet network`,
    params,
    features,
  );
}

function measureOf<P extends Tree>(
  layers: string,
  params: P,
  features: (params: P, images: tf.Tensor4D) => readonly tf.Tensor4D[],
): PerceptualMeasure {
  const network = compileNetwork((weights: P, a: tf.Tensor4D, b: tf.Tensor4D) =>
    scope(() => ({ distance: perceptualDistances({ features }, weights, a, b) })),
  );
  return {
    definition: `squared distance of unit vectors of channels, the mean over places, summed over layers with weights of 1 (Zhang et al. 2018, eq. 1, whose learnt weights are not used): ${layers} (v1)`,
    async between(a, b, size) {
      const columns = [a, b].map((values) => ({ values, shape: [size, size, 1] }));
      const run = (first: tf.Tensor, second: tf.Tensor): { distance: tf.Tensor } =>
        network(params, first as tf.Tensor4D, second as tf.Tensor4D);
      return (await overRows(run, columns, { distance: 1 }, { batch: BATCH })).distance;
    },
    dispose() {
      network.dispose();
      dispose(params);
    },
  };
}

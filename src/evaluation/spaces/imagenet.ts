/** The space of a network for photos of a thousand kinds, which knows nothing of radiographs and so has no finding to look for in place of the image. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { findModelFolder, hashFile } from '../../files/internal';
import { efficientNetLite, interpolate, loadEfficientNetLite } from '../../vision';
import type { FeatureSpace } from '../features';
import { networkSpace } from './network-space';

const SIDE = 224;
const WIDTH = 1280;

/** The space named `imagenet`; undefined where the network was not got. */
export async function imageNetSpace(): Promise<FeatureSpace | undefined> {
  const folder = findModelFolder('efficientnet-lite0');
  if (folder === undefined) return undefined;
  return networkSpace({
    name: 'imagenet',
    definition: `EfficientNet-Lite0 trained on ImageNet, its pooled features, ${WIDTH} wide; grey as three channels, resized to ${SIDE} bicubically (v1)`,
    identity: `efficientnet-lite0/1/${await hashFile(join(folder, 'model.safetensors'))}`,
    width: WIDTH,
    params: await loadEfficientNetLite(folder),
    features: (weights, images) => {
      const grey = tf.mul(tf.clipByValue(interpolate(images, [SIDE, SIDE], 'bicubic'), 0, 1), 255);
      return efficientNetLite(weights, tf.tile(tf.div(tf.sub(grey, 127), 128), [1, 1, 1, 3]) as tf.Tensor4D).pooled;
    },
  });
}

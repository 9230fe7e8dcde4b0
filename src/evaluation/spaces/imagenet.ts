/** The space of a network for photos of a thousand kinds, which knows nothing of radiographs and so has no finding to look for in place of the image. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../engine';
import { findModelFolder, hashFile } from '../../files/internal';
import type { PerceptualNetwork } from '../../metrics';
import { type EfficientNetLiteParams, efficientNetLite, interpolate, loadEfficientNetLite } from '../../vision';
import type { FeatureSpace } from '../features';
import { networkSpace } from './network-space';

const SIDE = 224;
const WIDTH = 1280;

/** The network's input: grey as three channels, as it was trained. */
const seen = (images: tf.Tensor4D): tf.Tensor4D => {
  const grey = tf.mul(tf.clipByValue(interpolate(images, [SIDE, SIDE], 'bicubic'), 0, 1), 255);
  return tf.tile(tf.div(tf.sub(grey, 127), 128), [1, 1, 1, 3]) as tf.Tensor4D;
};

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
    features: (weights, images) => efficientNetLite(weights, seen(images)).pooled,
  });
}

/** The last block of each resolution, and of the deepest that before the head. */
const BLOCKS = ['block0', 'block2', 'block4', 'block10', 'block15'] as const;

/** Its inner maps, for distances between pairs of images. */
export interface ImageNetFeatures extends PerceptualNetwork<EfficientNetLiteParams> {
  readonly blocks: readonly string[];
  readonly side: number;
}

/** Undefined where the network was not got; the caller disposes the parameters. */
export async function imageNetFeatures(): Promise<ImageNetFeatures | undefined> {
  const folder = findModelFolder('efficientnet-lite0');
  if (folder === undefined) return undefined;
  return {
    params: await loadEfficientNetLite(folder),
    blocks: BLOCKS,
    side: SIDE,
    features(weights, images) {
      const maps = new Map<string, tf.Tensor4D>();
      return scope(() => {
        efficientNetLite(weights, seen(images), {
          onBlock: (name, map) => {
            if ((BLOCKS as readonly string[]).includes(name)) maps.set(name, tf.keep(tf.clone(map))); // beyond the network's scope
          },
        });
        return BLOCKS.map((name) => {
          const kept = maps.get(name)!;
          const own = tf.clone(kept);
          kept.dispose();
          return own;
        });
      });
    },
  };
}

/** The space of FID's own network, where its weights are given. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { hashFile } from '../../files/internal';
import { inception, loadInception } from '../../vision';
import type { FeatureSpace } from '../features';
import { networkSpace } from './network-space';

const WIDTH = 2048;

/** The space named `inception`. */
export async function inceptionSpace(folder: string): Promise<FeatureSpace> {
  return networkSpace({
    name: 'inception',
    definition: `FID's Inception, its last pooling, ${WIDTH} wide; grey as three channels, resized to 299 as pytorch-fid does (v1)`,
    identity: `inception/1/${await hashFile(join(folder, 'model.safetensors'))}`,
    width: WIDTH,
    params: await loadInception(folder),
    features: (weights, images) => inception(weights, tf.tile(tf.mul(images, 255), [1, 1, 1, 3]) as tf.Tensor4D, 'pytorch-fid')[WIDTH],
  });
}

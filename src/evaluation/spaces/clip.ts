/** The space of CLIP's vision tower, where a folder of one is given. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { clipVision, loadClipVision } from '../../encoders';
import { hashFile } from '../../files/internal';
import { interpolate } from '../../vision';
import type { FeatureSpace } from '../features';
import { networkSpace } from './network-space';

/** What CLIP's processor takes off and divides by (OpenAI's `preprocessor_config.json`). */
const MEAN = [0.48145466, 0.4578275, 0.40821073];
const DEVIATION = [0.26862954, 0.26130258, 0.27577711];

/**
 * The space named `clip`: projected features where the folder has the projection, as RoentGen's code takes them (512 of ViT-B/32); else those before it, of
 * which its paper speaks (768).
 */
export async function clipSpace(folder: string): Promise<FeatureSpace> {
  const { config, params } = await loadClipVision(folder);
  const side = config.image_size ?? 224;
  const projection = params.visual_projection;
  const width = projection ? projection.weight.shape[1]! : config.hidden_size!;
  return networkSpace({
    name: 'clip',
    definition: `CLIP's vision tower, ${projection ? 'projected' : 'pooled'} features, ${width} wide; grey as three channels, resized to ${side} bicubically (v1)`,
    identity: `clip/1/${await hashFile(join(folder, 'model.safetensors'))}`,
    width,
    params,
    features: (weights, images) => {
      const colour = tf.tile(tf.clipByValue(interpolate(images, [side, side], 'bicubic'), 0, 1), [1, 1, 1, 3]);
      const seen = clipVision(config, weights, tf.div(tf.sub(colour, MEAN), DEVIATION) as tf.Tensor4D);
      return seen.imageEmbeds ?? seen.pooled;
    },
  });
}

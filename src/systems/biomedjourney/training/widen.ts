/** A U-Net that sees an image beside the noisy latents. Brooks et al. 2023 (InstructPix2Pix), arXiv:2211.09800, section 3.2. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../../engine';
import type { Model } from '../../../pipelines';
import { expectWeights } from '../../../pipelines/internal';
import { completeUNetConfig } from '../../../unet/internal';

/**
 * Gives the model's U-Net as many input channels again, for the latents of an image to edit. Their weights are zero: at first it predicts what it did. A U-Net that
 * has them already stays as it is.
 *
 * @throws RangeError where its channels are neither those of a text-to-image model nor of an editing one
 */
export function widenForEditing(model: Model): void {
  expectWeights(model, 'widenForEditing');
  const { config, params } = model.unet;
  const { in_channels, out_channels } = completeUNetConfig(config);
  if (in_channels === 2 * out_channels) return;
  if (in_channels !== out_channels)
    throw new RangeError(
      `widenForEditing: the U-Net takes ${in_channels} channels; expected ${out_channels}, as a text-to-image model's does`,
    );
  const { weight } = params.conv_in; // [3, 3, in, out]
  const wide = scope(() => tf.concat4d([weight, tf.zerosLike(weight)], 2));
  model.unet = { config: { ...config, in_channels: 2 * in_channels }, params: { ...params, conv_in: { ...params.conv_in, weight: wide } } };
  weight.dispose();
}

/**
 * Takes the channels of an image to edit away again: the U-Net predicts what it did where that image was zeros, as a text-to-image model. One that has none stays
 * as it is.
 */
export function narrowForText(model: Model): void {
  expectWeights(model, 'narrowForText');
  const { config, params } = model.unet;
  const { in_channels, out_channels } = completeUNetConfig(config);
  if (in_channels === out_channels) return;
  const { weight } = params.conv_in; // [3, 3, in, out]
  const narrow = scope(() => tf.slice(weight, [0, 0, 0, 0], [-1, -1, out_channels, -1]) as tf.Tensor4D);
  model.unet = { config: { ...config, in_channels: out_channels }, params: { ...params, conv_in: { ...params.conv_in, weight: narrow } } };
  weight.dispose();
}

/** Text to image by latent diffusion. Rombach et al. 2022, arXiv:2112.10752. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectShape } from '../engine/internal';
import type { GeneratedImage } from './images';
import { imageSize, type Size } from './latents';
import { latentFactor, type Model } from './model';
import { guidedPredictor } from './predictor';
import { sampleImages } from './sampling';
import { SAMPLING_DEFAULTS, type SamplingOptions } from './sampling-options';

export interface TextToImageOptions extends SamplingOptions {
  /** How far guided predictions are brought back to the spread of unguided ones, 0 to 1. Default 0. */
  readonly rescale?: number;
  /** Side of the images, or height and width, pixels; default the model's own. */
  readonly size?: number | Size;
  /** Start noise in place of the seed's, standard normal, [images, h, w, C]; borrowed. */
  readonly latents?: tf.Tensor4D;
}

/**
 * Makes images from prompts. They are synthetic and not for diagnosis.
 *
 * Image i depends on prompt, seed and i alone, to rounding, not on the others of its batch. The networks are compiled at first use.
 *
 * @returns the images in the prompts' order, those of one prompt together
 * @throws RangeError where an option is out of range; Error where the model gives values that are not finite; the signal's reason where it
 *                    was raised
 * @example const [image] = await textToImage(model, { prompts: ['Large right pleural effusion.'], guidance: 4, seed: 7 });
 */
export async function textToImage(model: Model, options: TextToImageOptions): Promise<GeneratedImage[]> {
  const {
    guidance = SAMPLING_DEFAULTS.guidance,
    rescale = SAMPLING_DEFAULTS.rescale,
    latents: start,
    prompts,
    imagesPerPrompt = 1,
  } = options;
  const size = imageSize(model, options.size);
  if (!(rescale >= 0 && rescale <= 1)) throw new RangeError(`textToImage: rescale: expected a number from 0 to 1, got ${rescale}`);
  if (!Number.isFinite(guidance)) throw new RangeError(`textToImage: guidance: expected a number, got ${guidance}`);
  const factor = latentFactor(model);
  const channels = model.unet.config.in_channels ?? 4;
  if (start)
    expectShape('textToImage: latents', start, `${prompts.length * imagesPerPrompt} ${size[0] / factor} ${size[1] / factor} ${channels}`);
  if (channels !== (model.unet.config.out_channels ?? 4))
    throw new RangeError(
      `textToImage: the U-Net takes ${channels} channels, so it needs an image beside the text; use the pipeline it was trained for`,
    );

  return sampleImages('textToImage', model, { ...options, guidance, rescale }, size, (batch) => {
    const latents = scope(() => {
      const noise = start ? tf.gather(start, [...batch.indices]) : batch.noise(0);
      return tf.mul(noise, batch.scheduler.initNoiseSigma);
    }) as tf.Tensor4D;
    return { latents, predict: guidedPredictor(model, batch, { guidance, rescale }) };
  });
}

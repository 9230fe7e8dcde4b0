/** Images from an image and a prompt: sampling that begins part of the way. Meng et al. 2022 (SDEdit), arXiv:2108.01073. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import type { Scheduler } from '../schedulers';
import { type InputImage, imageBatch, onePerPrompt } from './image-input';
import type { GeneratedImage } from './images';
import { encodeImages, imageSize } from './latents';
import type { Model } from './model';
import { guidedPredictor } from './predictor';
import { sampleImages } from './sampling';
import { SAMPLING_DEFAULTS, type SamplingOptions } from './sampling-options';

export interface ImageToImageOptions extends SamplingOptions {
  /** One for all prompts, or one for each; all of one size. */
  readonly images: readonly InputImage[];
  /** The fraction of the steps that is made: 1 nearly forgets the image, small numbers keep it. Default 0.8. */
  readonly strength?: number;
  /** How far guided predictions are brought back to the spread of unguided ones, 0 to 1. Default 0. */
  readonly rescale?: number;
}

/** Clean latents with the noise of the scheduler's first timestep. */
export function noisedStart(scheduler: Scheduler, clean: tf.Tensor4D, noise: tf.Tensor4D): tf.Tensor4D {
  return scheduler.addNoise(clean, noise, scheduler.timesteps[0]!) as tf.Tensor4D;
}

/**
 * Changes images towards prompts. The results are synthetic and not for diagnosis.
 *
 * @returns the images in the prompts' order
 * @throws RangeError where an option or an image's size is out of range; the signal's reason where it was raised
 */
export async function imageToImage(model: Model, options: ImageToImageOptions): Promise<GeneratedImage[]> {
  const {
    guidance = SAMPLING_DEFAULTS.guidance,
    rescale = SAMPLING_DEFAULTS.rescale,
    prompts,
    imagesPerPrompt = 1,
    strength = 0.8,
  } = options;
  const images = onePerPrompt('imageToImage', options.images, prompts.length);
  const size = imageSize(model, [images[0]!.height, images[0]!.width]);
  const pixels = imageBatch('imageToImage', images, model.vae.config.in_channels ?? 3);
  try {
    return await sampleImages('imageToImage', model, { ...options, strength, guidance, rescale }, size, (batch) => {
      const latents = scope(() => {
        const image = tf.gather(
          pixels,
          batch.indices.map((index) => Math.floor(index / imagesPerPrompt)),
        );
        return noisedStart(batch.scheduler, encodeImages(model, image, batch.noise(1), options), batch.noise(0));
      });
      return { latents, predict: guidedPredictor(model, batch, { guidance, rescale }) };
    });
  } finally {
    pixels.dispose();
  }
}

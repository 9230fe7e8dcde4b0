/**
 * Repainting a part of an image: with any text-to-image model by putting the known part back after every step, or with a model that sees
 * the mask.
 */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope } from '../engine';
import type { Scheduler } from '../schedulers';
import { type InputImage, imageBatch, onePerPrompt } from './image-input';
import { noisedStart } from './image-to-image';
import type { GeneratedImage } from './images';
import { encodeImages, imageSize, type VaeMemory } from './latents';
import { latentFactor, type Model } from './model';
import { guidedPredictor } from './predictor';
import { sampleImages } from './sampling';
import { SAMPLING_DEFAULTS, type SamplingOptions } from './sampling-options';

export interface InpaintOptions extends SamplingOptions {
  /** One for all prompts, or one for each; all of one size. */
  readonly images: readonly InputImage[];
  /** 1 where to repaint, 0 where to keep; grey, of the images' size. */
  readonly masks: readonly InputImage[];
  /** The fraction of the steps that is made; 1 starts the repainted part from noise alone. Default 1. */
  readonly strength?: number;
}

/** The mask of the latents: that of each one's first pixel, as 0 or 1; [B, H, W, 1] to [B, h, w, 1]. */
export function latentMask(mask: tf.Tensor4D, factor: number): tf.Tensor4D {
  return scope(() => {
    const first = tf.stridedSlice(mask, [0, 0, 0, 0], mask.shape, [1, factor, factor, 1]);
    return tf.cast(tf.greaterEqual(first, 0.5), 'float32') as tf.Tensor4D;
  });
}

/** Latents to start from: pure noise where all steps are made, else the image with noise. */
export function inpaintStart(scheduler: Scheduler, clean: tf.Tensor4D, noise: tf.Tensor4D, strength: number): tf.Tensor4D {
  return strength === 1 ? tf.mul(noise, scheduler.initNoiseSigma) : noisedStart(scheduler, clean, noise);
}

/**
 * Puts the known part back after a call, with the noise of the next timestep: Lugmayr et al. 2022 (RePaint, arXiv:2201.09865), eq. (8),
 * with one noise for all steps and no resampling.
 *
 * @param mask [B, h, w, 1], 1 where to repaint
 */
export function keepKnown(
  scheduler: Scheduler,
  clean: tf.Tensor4D,
  noise: tf.Tensor4D,
  mask: tf.Tensor4D,
): (latents: tf.Tensor4D, call: number) => tf.Tensor {
  return (latents, call) => {
    const next = scheduler.timesteps[call + 1];
    const known = next === undefined ? clean : scheduler.addNoise(clean, noise, next);
    return tf.add(known, tf.mul(mask, tf.sub(latents, known)));
  };
}

/**
 * What a model trained for inpainting sees beside the latents: the mask and the latents of the image with the masked part grey.
 *
 * @param noise for a sample of those latents
 * @returns     [B, h, w, 1 + C]; the caller disposes it
 */
export function maskChannels(
  model: Model,
  images: tf.Tensor4D,
  masks: tf.Tensor4D,
  noise: tf.Tensor4D,
  memory: VaeMemory = {},
): tf.Tensor4D {
  return scope(() => {
    const grey: tf.Tensor4D = tf.where(tf.greaterEqual(masks, 0.5), tf.fill(images.shape, 0.5), images);
    return tf.concat([latentMask(masks, latentFactor(model)), encodeImages(model, grey, noise, memory)], 3);
  });
}

/**
 * Repaints the masked part of images. The results are synthetic and not for diagnosis.
 *
 * @returns the images in the prompts' order; outside the mask they are the autoencoder's reconstruction
 * @throws RangeError where an option or an image's size is out of range; the signal's reason where it was raised
 */
export async function inpaint(model: Model, options: InpaintOptions): Promise<GeneratedImage[]> {
  const { guidance = SAMPLING_DEFAULTS.guidance, prompts, imagesPerPrompt = 1, strength = 1 } = options;
  const images = onePerPrompt('inpaint: images', options.images, prompts.length);
  const masks = onePerPrompt('inpaint: masks', options.masks, prompts.length);
  const size = imageSize(model, [images[0]!.height, images[0]!.width]);
  if (masks[0]!.height !== size[0] || masks[0]!.width !== size[1])
    throw new RangeError(`inpaint: masks: expected ${size[1]} x ${size[0]}, as the pictures, got ${masks[0]!.width} x ${masks[0]!.height}`);
  const [inChannels, outChannels] = [model.unet.config.in_channels ?? 4, model.unet.config.out_channels ?? 4];
  const seesMask = inChannels === 2 * outChannels + 1;
  if (inChannels !== outChannels && !seesMask)
    throw new RangeError(
      `inpaint: the U-Net takes ${inChannels} channels; expected ${outChannels}, or ${2 * outChannels + 1} with mask and masked picture`,
    );

  const pixels = imageBatch('inpaint: images', images, model.vae.config.in_channels ?? 3);
  const areas = imageBatch('inpaint: masks', masks, 1);
  try {
    return await sampleImages('inpaint', model, { ...options, strength, guidance }, size, (batch) => {
      const rows = batch.indices.map((index) => Math.floor(index / imagesPerPrompt));
      const { latents, clean, noise, mask, extra } = scope(() => {
        const [image, area]: [tf.Tensor4D, tf.Tensor4D] = [tf.gather(pixels, rows), tf.gather(areas, rows)];
        const clean = encodeImages(model, image, batch.noise(1), options);
        const noise = batch.noise(0);
        return {
          latents: inpaintStart(batch.scheduler, clean, noise, strength),
          clean,
          noise,
          mask: latentMask(area, latentFactor(model)),
          extra: seesMask ? maskChannels(model, image, area, batch.noise(2), options) : undefined,
        };
      });
      const predict = guidedPredictor(model, batch, { guidance, extra });
      extra?.dispose();
      const adjust = seesMask ? undefined : keepKnown(batch.scheduler, clean, noise, mask);
      return { latents, predict, adjust, owned: { clean, noise, mask } };
    });
  } finally {
    dispose(pixels, areas);
  }
}

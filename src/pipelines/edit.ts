/** Editing an image by an instruction, guided by both. Brooks, Holynski, Efros 2023 (InstructPix2Pix), arXiv:2211.09800. */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope } from '../engine';
import { type Branch, imageAndText, type TextContext, unguided } from './guidance';
import { type InputImage, imageBatch, onePerPrompt } from './image-input';
import type { GeneratedImage } from './images';
import { keepKnown, latentMask } from './inpaint';
import { encodeImages, encodeSigned, imageSize, toSigned, type VaeMemory } from './latents';
import { latentFactor, type Model } from './model';
import { predictor } from './predictor';
import { sampleImages } from './sampling';
import { SAMPLING_DEFAULTS, type SamplingOptions } from './sampling-options';

export interface EditOptions extends SamplingOptions {
  /** One for all prompts, or one for each; all of one size. */
  readonly images: readonly InputImage[];
  /** How closely the result follows the image. Default 1.5. */
  readonly imageGuidance?: number;
  /** 1 where the result may differ from the image, 0 where it is to be left alone (`regionMask`); grey, one for all prompts or one for each. */
  readonly masks?: readonly InputImage[];
}

/** @throws RangeError where the model's U-Net does not see an image beside the latents */
export function expectEditing(model: Model, where: string): void {
  const [inChannels, outChannels] = [model.unet.config.in_channels ?? 4, model.unet.config.out_channels ?? 4];
  if (inChannels !== 2 * outChannels)
    throw new RangeError(`${where}: the U-Net takes ${inChannels} channels; expected ${2 * outChannels}, with a picture's latents`);
}

/**
 * The channels that an editing U-Net sees beside the latents: the mean of the image's latents, not scaled.
 *
 * @param images [B, H, W, C], 0 to 1
 * @returns      [B, h, w, latent channels]; the caller disposes it
 */
export function imageCondition(model: Model, images: tf.Tensor4D, memory: VaeMemory = {}): tf.Tensor4D {
  return scope(() => encodeSigned(model, toSigned(images), memory).mean);
}

/** The three branches of `imageAndText`; `blank` is zeros of the condition's shape. */
export function editBranches(prompts: TextContext, negative: TextContext, condition: tf.Tensor4D, blank: tf.Tensor4D): Branch[] {
  return [
    { ...negative, extra: blank },
    { ...negative, extra: condition },
    { ...prompts, extra: condition },
  ];
}

/**
 * Edits images as prompts instruct, with a model trained for it (its U-Net takes 8 channels). The results are synthetic and not for
 * diagnosis.
 *
 * @returns the images in the prompts' order
 * @throws RangeError where the model is no editing one, or an option or an image's size is out of range; the signal's reason where it was
 *                    raised
 */
export async function editImage(model: Model, options: EditOptions): Promise<GeneratedImage[]> {
  const { guidance = SAMPLING_DEFAULTS.guidance, imageGuidance = SAMPLING_DEFAULTS.imageGuidance, prompts, imagesPerPrompt = 1 } = options;
  expectEditing(model, 'editImage');
  const images = onePerPrompt('editImage', options.images, prompts.length);
  const size = imageSize(model, [images[0]!.height, images[0]!.width]);
  const masks = options.masks && onePerPrompt('editImage: masks', options.masks, prompts.length);
  if (masks && (masks[0]!.height !== size[0] || masks[0]!.width !== size[1]))
    throw new RangeError(
      `editImage: masks: expected ${size[1]} x ${size[0]}, as the pictures, got ${masks[0]!.width} x ${masks[0]!.height}`,
    );
  const pixels = imageBatch('editImage', images, model.vae.config.in_channels ?? 3);
  const areas = masks && imageBatch('editImage: masks', masks, 1);
  try {
    return await sampleImages('editImage', model, { ...options, guidance, imageGuidance }, size, (batch) => {
      const rows = batch.indices.map((index) => Math.floor(index / imagesPerPrompt));
      const latents: tf.Tensor4D = scope(() => tf.mul(batch.noise(0), batch.scheduler.initNoiseSigma));
      const condition = scope(() => imageCondition(model, tf.gather(pixels, rows), options));
      const blank = tf.zerosLike(condition);
      const guided = guidance > 1 && imageGuidance >= 1;
      const branches = guided ? editBranches(batch.prompts, batch.negative, condition, blank) : [{ ...batch.prompts, extra: condition }];
      const predict = predictor(model, branches, guided ? imageAndText(guidance, imageGuidance) : unguided);
      tf.dispose([condition, blank]);
      if (!areas) return { latents, predict };
      const owned = scope(() => ({
        clean: encodeImages(model, tf.gather(pixels, rows), undefined, options),
        noise: batch.noise(0),
        mask: latentMask(tf.gather(areas, rows), latentFactor(model)),
      }));
      return { latents, predict, adjust: keepKnown(batch.scheduler, owned.clean, owned.noise, owned.mask), owned };
    });
  } finally {
    dispose(pixels, areas);
  }
}

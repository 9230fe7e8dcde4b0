/** Guidance: how several predictions for the same latents become one. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { type ContextKeys, type UNetConfig, type UNetParams, unet } from '../unet';

/** Texts as the U-Net attends to them. */
export type TextContext = {
  /** [B, L, C] */
  readonly context: tf.Tensor3D;
  /** 1 for tokens, 0 for padding, [B, L], where the U-Net's config says `mask_padding`. */
  readonly mask?: tf.Tensor2D;
};

/** One of the predictions of a step: what the U-Net is given besides latents and time. */
export interface Branch extends TextContext {
  /** Concatenated to the latents' channels, [B, h, w, k]: an image to edit, or mask and masked image. */
  readonly extra?: tf.Tensor4D;
}

/** How the predictions ε_0 … ε_n of branches, each with a condition more than the one before, become one: ε_0 + Σ s_i (ε_i - ε_{i-1}). */
export interface Guidance {
  /** s_1 … s_n; none where there is one branch. */
  readonly scales: readonly number[];
  /**
   * φ of Lin et al. 2023 (arXiv:2305.08891), section 3.4: how far the result is brought back to the last branch's standard deviation, 0 to 1.
   * Default 0.
   */
  readonly rescale?: number;
}

/** One branch alone. */
export const unguided: Guidance = { scales: [] };

/**
 * Classifier-free guidance, Ho and Salimans 2022 (arXiv:2207.12598): ε_u + s (ε_c - ε_u), of the branches [unconditional, conditional].
 *
 * @param scale   s; 1 is the conditional prediction
 * @param rescale of `Guidance`
 */
export function classifierFree(scale: number, rescale: number = 0): Guidance {
  return { scales: [scale], rescale };
}

/**
 * Guidance by an instruction and by the image it edits, Brooks et al. 2023 (arXiv:2211.09800), eq. (3), of the branches
 * [neither, image, image and text]: ε(∅,∅) + s_I (ε(I,∅) - ε(∅,∅)) + s_T (ε(I,T) - ε(I,∅)).
 */
export function imageAndText(textScale: number, imageScale: number): Guidance {
  return { scales: [imageScale, textScale] };
}

/** What guidance by text needs of a batch. */
export interface TextContexts {
  /** Of the prompts; borrowed. */
  readonly prompts: TextContext;
  /** Of the negative prompt, once for each of them; borrowed. */
  readonly negative: TextContext;
}

export interface TextGuidance {
  /** Guidance scale; 1 or less is the prompt's prediction alone, at half the cost. */
  readonly guidance: number;
  /** As for `classifierFree`. Default 0. */
  readonly rescale?: number;
  /** What the network sees beside the latents in all branches, [B, h, w, k]; borrowed. */
  readonly extra?: tf.Tensor4D;
}

/** The branches that the scale asks for, and how they are combined. */
export function textGuidance(
  { prompts, negative }: TextContexts,
  { guidance, rescale, extra }: TextGuidance,
): { branches: Branch[]; guidance: Guidance } {
  if (!(guidance > 1)) return { branches: [{ ...prompts, extra }], guidance: unguided };
  return {
    branches: [
      { ...negative, extra },
      { ...prompts, extra },
    ],
    guidance: classifierFree(guidance, rescale),
  };
}

/** What a guided prediction is made of, all tensors, so that one graph serves every scale and timestep. */
export type GuidedInputs = {
  /** [B, h, w, C] */
  readonly latents: tf.Tensor4D;
  readonly timestep: tf.Scalar;
  /** Of all branches, one after another: n · B rows. */
  readonly keys: ContextKeys;
  readonly mask?: tf.Tensor2D;
  readonly extra?: tf.Tensor4D;
  /** Of `Guidance`: [n - 1], undefined for one branch. */
  readonly scales?: tf.Tensor1D;
  /** Undefined stands for 0. */
  readonly rescale?: tf.Scalar;
};

/** The guided prediction, [B, h, w, C], from all branches in one batch of the U-Net. Pure. */
export function predictGuided(
  config: UNetConfig,
  params: UNetParams,
  { latents, timestep, keys, mask, extra, scales, rescale }: GuidedInputs,
): tf.Tensor4D {
  return scope(() => {
    const branches = 1 + (scales?.size ?? 0);
    const rows = tf.tile(latents, [branches, 1, 1, 1]);
    const timesteps: tf.Tensor1D = tf.tile(tf.reshape(timestep, [1]), [rows.shape[0]]);
    const output = unet(config, params, extra ? tf.concat([rows, extra], 3) : rows, timesteps, keys, { contextMask: mask });
    if (!scales) return output;
    const predictions = tf.split(output, branches) as tf.Tensor4D[];
    const steps = tf.split(scales, branches - 1).map((scale, i) => tf.mul(tf.sub(predictions[i + 1]!, predictions[i]!), scale));
    const guided = steps.reduce<tf.Tensor4D>((sum, step) => tf.add(sum, step), predictions[0]!);
    if (!rescale) return guided;
    const ratio = tf.div(standardDeviation(predictions.at(-1)!), standardDeviation(guided));
    return tf.mul(guided, tf.add(tf.mul(ratio, rescale), tf.sub(1, rescale)));
  });
}

/** Standard deviation of each row, [B, 1, 1, 1]. */
function standardDeviation(x: tf.Tensor4D): tf.Tensor {
  return tf.sqrt(tf.moments(x, [1, 2, 3], true).variance);
}

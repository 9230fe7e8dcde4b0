/** How several predictions for the same latents become one. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { concatRows } from './batch';
import type { Model } from './model';
import { runUNet } from './networks';

/** One of the predictions of a step: what the U-Net is given besides latents and time. */
export interface Branch {
  /** [B, L, C] */
  readonly context: tf.Tensor3D;
  /** Concatenated to the latents' channels, [B, h, w, k]: an image to edit, or mask and masked image. */
  readonly extra?: tf.Tensor4D;
}

/** Makes one prediction of those of all branches, in a memory scope. */
export type Combine = (predictions: readonly tf.Tensor4D[]) => tf.Tensor;

/** One branch alone. */
export const unguided: Combine = ([only]) => only!;

/**
 * Classifier-free guidance, Ho and Salimans 2022 (arXiv:2207.12598): ε_u + s (ε_c - ε_u), of the branches [unconditional, conditional].
 *
 * @param scale   s; 1 is the conditional prediction
 * @param rescale φ of Lin et al. 2023 (arXiv:2305.08891), section 3.4: how far the result is brought back to the conditional prediction's
 *                standard deviation, 0 to 1
 */
export function classifierFree(scale: number, rescale: number = 0): Combine {
  return (predictions) => {
    const [unconditional, conditional] = predictions as [tf.Tensor4D, tf.Tensor4D];
    const guided: tf.Tensor4D = tf.add(unconditional, tf.mul(tf.sub(conditional, unconditional), scale));
    if (rescale === 0) return guided;
    const ratio = tf.div(standardDeviation(conditional), standardDeviation(guided));
    return tf.mul(guided, tf.add(tf.mul(ratio, rescale), 1 - rescale));
  };
}

/**
 * Guidance by an instruction and by the image it edits, Brooks et al. 2023 (arXiv:2211.09800), eq. (3), of the branches
 * [neither, image, image and text]: ε(∅,∅) + s_I (ε(I,∅) - ε(∅,∅)) + s_T (ε(I,T) - ε(I,∅)).
 */
export function imageAndText(textScale: number, imageScale: number): Combine {
  return (predictions) => {
    const [neither, image, both] = predictions as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    return tf.add(neither, tf.add(tf.mul(tf.sub(image, neither), imageScale), tf.mul(tf.sub(both, image), textScale)));
  };
}

/** Standard deviation of each row, [B, 1, 1, 1]. */
function standardDeviation(x: tf.Tensor4D): tf.Tensor {
  return tf.sqrt(tf.moments(x, [1, 2, 3], true).variance);
}

/** One prediction for network input (scaled latents) and timestep; the caller disposes it. */
export interface Predictor {
  (input: tf.Tensor4D, t: number): tf.Tensor4D;
  /** Frees what the branches were joined to. */
  dispose(): void;
}

/** A predictor that evaluates all branches in one batch of the U-Net. Borrows the branches. */
export function predictor(model: Model, branches: readonly Branch[], combine: Combine): Predictor {
  const context = concatRows(branches.map((branch) => branch.context));
  const extra = branches[0]!.extra ? concatRows(branches.map((branch) => branch.extra!)) : undefined;
  const predict = (input: tf.Tensor4D, t: number): tf.Tensor4D =>
    scope(() => {
      const rows = concatRows(branches.map(() => input));
      const output = runUNet(model, extra ? tf.concat([rows, extra], 3) : rows, tf.fill([rows.shape[0]], t) as tf.Tensor1D, context);
      return tf.clone(combine(tf.split(output, branches.length))) as tf.Tensor4D;
    });
  return Object.assign(predict, { dispose: () => tf.dispose(extra ? [context, extra] : [context]) });
}

/** What guidance by text needs of a batch. */
export interface TextContexts {
  /** Contexts of the prompts, and of the negative prompt, [B, L, C]; borrowed. */
  readonly context: tf.Tensor3D;
  readonly negative: tf.Tensor3D;
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
  { context, negative }: TextContexts,
  { guidance, rescale, extra }: TextGuidance,
): { branches: Branch[]; combine: Combine } {
  if (!(guidance > 1)) return { branches: [{ context, extra }], combine: unguided };
  return {
    branches: [
      { context: negative, extra },
      { context, extra },
    ],
    combine: classifierFree(guidance, rescale),
  };
}

/** The predictor of a prompt: with classifier-free guidance where the scale asks for it. */
export function guidedPredictor(model: Model, contexts: TextContexts, options: TextGuidance): Predictor {
  const { branches, combine } = textGuidance(contexts, options);
  return predictor(model, branches, combine);
}

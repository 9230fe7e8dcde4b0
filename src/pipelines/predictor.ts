/** What the sampling loop asks at each step: the prediction of a model for a batch's prompts. */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope } from '../engine';
import { contextKeys } from '../unet/internal';
import { concatRows } from './batch';
import { type Branch, type Guidance, type TextContexts, type TextGuidance, textGuidance } from './guidance';
import type { Model } from './model';
import { runGuided } from './networks';

/** One prediction for network input (scaled latents) and timestep; the caller disposes it. */
export interface Predictor {
  (input: tf.Tensor4D, t: number): tf.Tensor4D;
  /** Frees what the branches were joined to. */
  dispose(): void;
}

/**
 * A predictor that evaluates all branches in one batch of the U-Net. Borrows the branches. Keys and values of their contexts are computed here, once
 * for all steps, with the weights that the model has now.
 */
export function predictor(model: Model, branches: readonly Branch[], { scales, rescale = 0 }: Guidance): Predictor {
  const fixed = scope(() => ({
    keys: contextKeys(model.unet.params, concatRows(branches.map(({ context }) => context))),
    mask: branches[0]!.mask ? concatRows(branches.map(({ mask }) => mask!)) : undefined,
    extra: branches[0]!.extra ? concatRows(branches.map(({ extra }) => extra!)) : undefined,
    scales: scales.length > 0 ? tf.tensor1d([...scales]) : undefined,
    rescale: rescale === 0 ? undefined : tf.scalar(rescale),
  }));
  const predict = (latents: tf.Tensor4D, t: number): tf.Tensor4D =>
    scope(() => runGuided(model, { ...fixed, latents, timestep: tf.scalar(t) }));
  return Object.assign(predict, { dispose: () => dispose(fixed) });
}

/** The predictor of a prompt: with classifier-free guidance where the scale asks for it. */
export function guidedPredictor(model: Model, contexts: TextContexts, options: TextGuidance): Predictor {
  const { branches, guidance } = textGuidance(contexts, options);
  return predictor(model, branches, guidance);
}

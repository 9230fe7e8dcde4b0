/** Attention masks as numbers that are added to the scores. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';

/** The most negative float32, as transformers masks: a row that is masked as a whole stays finite and becomes uniform. */
export const MASKED_SCORE = -3.4028234663852886e38;

/**
 * 0 where a token may be attended to, else the most negative number.
 *
 * @param mask 1 for tokens, 0 for padding, [B, L]
 * @returns    [B, 1, 1, L]; the caller disposes it
 */
export function paddingScores(mask: tf.Tensor2D): tf.Tensor4D {
  const [batch, length] = mask.shape;
  return scope(() => tf.mul(tf.sub(1, tf.reshape(tf.cast(mask, 'float32'), [batch, 1, 1, length])), MASKED_SCORE) as tf.Tensor4D);
}

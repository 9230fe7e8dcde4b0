/** What a language model is given and gives in one pass, and how keys and values are kept from pass to pass in tensors of one shape. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { isNarrow, widened } from '../engine/internal';

/** What a self-attention keeps of the tokens so far, [B, T, width] each; T is the capacity, whether or not all of it is used. */
export type KeptKeys = { k: tf.Tensor3D; v: tf.Tensor3D };

export interface DecoderInputs {
  /** int32 [B, L]. */
  readonly ids: tf.Tensor2D;
  /** What stands for the tokens in place of their rows of the table, [B, L, C], such as an image among them; of Llama, Mistral and Phi. */
  readonly embeddings?: tf.Tensor3D;
  /** int32 [B, L]. */
  readonly positions: tf.Tensor2D;
  /** Added to the scores of self-attention, [B, 1, L, T]: 0 where a token may be attended to. */
  readonly scores: tf.Tensor4D;
  /** Of the passes before, one for each layer; without it the tokens of this pass are all there are, T = L. */
  readonly kept?: readonly KeptKeys[];
  /** Where this pass's keys and values go: 1 at [place, token], [T, L]; with `kept`. */
  readonly places?: tf.Tensor2D;
  /** What cross-attention sees, [B, Lc, D], and what is added to its scores, [B, 1, 1, Lc]. */
  readonly context?: tf.Tensor3D;
  readonly contextScores?: tf.Tensor4D;
  /** Of a model with a memory: that of before this pass, [B, S]; the first one where left out. */
  readonly state?: tf.Tensor2D;
}

/** Results; the caller disposes them all. */
export type DecoderOutput = {
  /** [B, L, vocabulary]. */
  logits: tf.Tensor3D;
  /** [0] the embeddings, [i] the output of layer i, [B, L, C] each; the last one after the last norm. */
  hiddenStates: tf.Tensor3D[];
  /** With this pass's, one for each layer. */
  kept: KeptKeys[];
  /** Of a model with a memory: that of after the last token, [B, S]. */
  state?: tf.Tensor2D;
};

/** The keys and values of a layer with those of this pass: they replace what lay in their places. */
export function keepKeys(fresh: KeptKeys, layer: number, { kept, places }: DecoderInputs): KeptKeys {
  const before = kept?.[layer];
  if (!before || !places) return fresh;
  return scope(() => {
    const [capacity, length] = places.shape;
    const stays = tf.reshape(tf.sub(1, tf.sum(places, 1)), [1, capacity, 1]);
    const put = (old: tf.Tensor3D, now: tf.Tensor3D): tf.Tensor3D =>
      tf.add(tf.mul(old, stays), tf.matMul(tf.tile(tf.reshape(places, [1, capacity, length]), [now.shape[0], 1, 1]), now));
    return { k: put(before.k, fresh.k), v: put(before.v, fresh.v) };
  });
}

/** Logits of a table that is also that of the embeddings: x · tableᵀ. */
export function tiedLogits(x: tf.Tensor3D, table: tf.Tensor2D): tf.Tensor3D {
  const [batch, length, channels] = x.shape;
  return scope(() => {
    const wide = isNarrow(table) ? widened(table) : table;
    return tf.reshape(tf.matMul(tf.reshape(x, [batch * length, channels]), wide, false, true), [batch, length, table.shape[0]]);
  });
}

/**
 * The log-probability of each label, nats, 0 where it does not count, and 1 where it does, [B, L] each; in a memory scope.
 *
 * @param labels int32 [B, L], those of -100 don't count
 */
export function labelLogProbabilities(
  logits: tf.Tensor3D,
  labels: tf.Tensor2D,
): { readonly each: tf.Tensor2D; readonly counts: tf.Tensor2D } {
  const counts = tf.cast(tf.notEqual(labels, tf.scalar(-100, 'int32')), 'float32') as tf.Tensor2D;
  const right = tf.oneHot(tf.maximum(labels, tf.scalar(0, 'int32')) as tf.Tensor2D, logits.shape[2]);
  return { each: tf.mul(tf.sum(tf.mul(tf.logSoftmax(logits), right), 2), counts) as tf.Tensor2D, counts };
}

/**
 * The mean cross-entropy of each token given those before it, nats.
 *
 * @param labels int32 [B, L], those of -100 don't count; the first of a row has nothing before it
 * @returns      a scalar; the caller disposes it
 */
export function nextTokenLoss(logits: tf.Tensor3D, labels: tf.Tensor2D): tf.Scalar {
  const [batch, length, vocabulary] = logits.shape;
  return scope(() => {
    const before = tf.slice(logits, [0, 0, 0], [batch, length - 1, vocabulary]);
    const { each, counts } = labelLogProbabilities(before, tf.slice(labels, [0, 1], [batch, length - 1]));
    return tf.neg(tf.div(tf.sum(each), tf.sum(counts))) as tf.Scalar;
  });
}

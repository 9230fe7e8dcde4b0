/** A loss by which each word of a report finds its place in the report's image. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../engine';
import { expectShape } from '../../engine/internal';
import { crossEntropies, unit } from './contrastive';

/** Nats; the caller disposes all. */
export type WordPatchLoss = {
  loss: tf.Scalar;
  /** Of each word among what the words of its report see, and of what each word sees among the words, [B, N]. */
  wordToSeen: tf.Tensor2D;
  seenToWord: tf.Tensor2D;
};

/**
 * SEI's local loss (Liu et al. 2024, arXiv:2405.14905). Each word sees the patches, softmax(t · v / √D), as a sum whose length is then 1. A word is to find what it sees
 * itself among what all words of its report see, and the other way round. Padding counts as words do.
 *
 * @param words   [B, N, D], of any lengths but 0
 * @param patches [B, P, D]
 * @param tau     temperature, 0.5 in the paper
 */
export function wordPatchLoss(words: tf.Tensor3D, patches: tf.Tensor3D, tau: number): WordPatchLoss {
  const { B, D } = expectShape('wordPatchLoss: words', words, 'B N D') as { B: number; N: number; D: number };
  expectShape('wordPatchLoss: patches', patches, `${B} P ${D}`);
  return scope(() => {
    const [t, v] = [unit(words), unit(patches)];
    const attended = tf.softmax(tf.div(tf.matMul(t, v, false, true), Math.sqrt(D)));
    const seen = unit(tf.matMul(attended, v) as tf.Tensor3D);
    const [wordToSeen, seenToWord] = crossEntropies(tf.div(tf.matMul(t, seen, false, true), tau));
    const loss = tf.mul(tf.add(tf.mean(wordToSeen), tf.mean(seenToWord)), 0.5) as tf.Scalar;
    return { loss, wordToSeen: wordToSeen as tf.Tensor2D, seenToWord: seenToWord as tf.Tensor2D };
  });
}

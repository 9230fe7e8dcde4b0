/** What a classifier is asked of an image: several questions at once, each with its answers, of which some images' are unknown. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { auroc } from '../metrics';

/** A question: one logit where there are two answers (of the second, against the first), else one for each. */
export interface Head {
  readonly name: string;
  /** Two or more, in order. */
  readonly answers: readonly string[];
}

/** Where an answer is not known. */
export const UNKNOWN = -1;

/** How many logits a head has. */
export const headWidth = ({ answers }: Head): number => (answers.length === 2 ? 1 : answers.length);

/** How many logits all of them have. */
export const headsWidth = (heads: readonly Head[]): number => heads.reduce((sum, head) => sum + headWidth(head), 0);

/** The presence of each finding as a question. */
export const presenceHeads = (findings: readonly string[]): Head[] =>
  findings.map((name) => ({ name, answers: ['absent', 'present'] as const }));

/**
 * Mean cross-entropy over all answers that are known: binary for two answers, softmax for more.
 *
 * @param logits  [B, headsWidth]
 * @param answers [B, heads], int32: an answer's number, or -1 where it is not known
 * @returns 0 where none is known; the caller disposes it
 */
export function headsLoss(heads: readonly Head[], logits: tf.Tensor2D, answers: tf.Tensor2D): tf.Scalar {
  return scope(() => {
    const terms: tf.Tensor1D[] = [];
    const counts: tf.Tensor1D[] = [];
    let column = 0;
    heads.forEach((head, h) => {
      const width = headWidth(head);
      const z = tf.slice(logits, [0, column], [-1, width]) as tf.Tensor2D;
      column += width;
      const answer = tf.reshape(tf.slice(answers, [0, h], [-1, 1]), [-1]) as tf.Tensor1D;
      const known = tf.cast(tf.greaterEqual(answer, 0), 'float32') as tf.Tensor1D;
      terms.push(tf.mul(known, width === 1 ? binary(tf.reshape(z, [-1]), answer) : softmax(z, answer)));
      counts.push(known);
    });
    return tf.div(tf.sum(tf.stack(terms)), tf.maximum(tf.sum(tf.stack(counts)), 1)) as tf.Scalar;
  });
}

/** max(z, 0) - z·y + log(1 + e^-|z|). */
function binary(z: tf.Tensor1D, answer: tf.Tensor1D): tf.Tensor1D {
  const y = tf.cast(tf.maximum(answer, 0), 'float32');
  return tf.add(tf.sub(tf.relu(z), tf.mul(z, y)), tf.log1p(tf.exp(tf.neg(tf.abs(z)))));
}

function softmax(z: tf.Tensor2D, answer: tf.Tensor1D): tf.Tensor1D {
  const largest = tf.max(z, 1, true);
  const shifted = tf.sub(z, largest);
  const total = tf.log(tf.sum(tf.exp(shifted), 1)) as tf.Tensor1D;
  const chosen = tf.sum(tf.mul(tf.oneHot(tf.cast(tf.maximum(answer, 0), 'int32'), z.shape[1]), shifted), 1) as tf.Tensor1D;
  return tf.sub(total, chosen);
}

/**
 * Probabilities out of logits.
 *
 * @param logits [n, headsWidth], row-major
 * @returns for each head [n, answers], row-major
 */
export function headProbabilities(heads: readonly Head[], logits: ArrayLike<number>): Float32Array[] {
  const width = headsWidth(heads);
  const n = logits.length / width;
  let column = 0;
  return heads.map((head) => {
    const K = head.answers.length;
    const out = new Float32Array(n * K);
    for (let i = 0; i < n; i++) {
      const at = i * width + column;
      if (K === 2) {
        const p = 1 / (1 + Math.exp(-logits[at]!));
        out.set([1 - p, p], i * 2);
      } else {
        const z = Array.from({ length: K }, (_, k) => logits[at + k]!);
        const most = Math.max(...z);
        const e = z.map((value) => Math.exp(value - most));
        const sum = e.reduce((a, b) => a + b, 0);
        out.set(
          e.map((value) => value / sum),
          i * K,
        );
      }
    }
    column += headWidth(head);
    return out;
  });
}

/**
 * The mean of AUROCs over heads: of two answers the second's, of more the mean over each against the rest; what has one class alone is left out.
 *
 * @param answers [n, heads], row-major; -1 is left out
 * @returns NaN where nothing has two classes
 */
export function headsAuroc(heads: readonly Head[], probabilities: readonly Float32Array[], answers: ArrayLike<number>): number {
  const means: number[] = [];
  heads.forEach(({ answers: names }, h) => {
    const K = names.length;
    const n = answers.length / heads.length;
    const known = Array.from({ length: n }, (_, i) => i).filter((i) => answers[i * heads.length + h]! >= 0);
    const areas: number[] = [];
    for (let k = K === 2 ? 1 : 0; k < K; k++)
      areas.push(
        auroc(
          known.map((i) => probabilities[h]![i * K + k]!),
          known.map((i) => (answers[i * heads.length + h] === k ? 1 : 0)),
        ),
      );
    const finite = areas.filter(Number.isFinite);
    if (finite.length > 0) means.push(finite.reduce((a, b) => a + b, 0) / finite.length);
  });
  return means.length === 0 ? Number.NaN : means.reduce((a, b) => a + b, 0) / means.length;
}

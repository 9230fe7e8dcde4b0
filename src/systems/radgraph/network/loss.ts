/** What DyGIE++ trains on: the cross-entropies of spans and of pairs of spans, added up. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../../engine';
import type { DygieScores, ReportTensors } from './forward';

/** What is right of B reports. Entities of a report have numbers from 1; 0 is none. */
export type GoldTensors = {
  /** The class of each span from 1, 0 for none, int32 [B, W * max_span_width]. */
  labels: tf.Tensor2D;
  /** The entity that each span is, int32 [B, W * max_span_width]. */
  entities: tf.Tensor2D;
  /** The kind of relation from each entity to each, from 1, int32 [B, E + 1, E + 1]. */
  relations: tf.Tensor3D;
};

/** What the two sums count. */
export interface LossWeights {
  readonly ner: number;
  readonly relation: number;
}

/** -log softmax of the right class, where none has the score 0. @param scores [..., classes] @param labels int32 [...], 0 for none */
function surprise(scores: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  const zero = tf.zeros([...scores.shape.slice(0, -1), 1]);
  const all = tf.concat([zero, scores], -1);
  const right = tf.cast(tf.oneHot(labels as tf.Tensor2D, all.shape.at(-1)!), 'float32');
  return tf.sub(tf.logSumExp(all, -1), tf.sum(tf.mul(all, right), -1));
}

/** Kinds of relations between the kept spans, int32 [B, K, K]: exact, since they are sums of one number and zeros. */
function keptRelations(top: tf.Tensor2D, { entities, relations }: GoldTensors): tf.Tensor3D {
  const [, spans] = entities.shape;
  const chosen = tf.cast(tf.oneHot(top, spans), 'float32'); // [B, K, S]
  const entity = tf.sum(tf.mul(chosen, tf.expandDims(tf.cast(entities, 'float32'), 1)), 2); // [B, K]
  const at = tf.cast(tf.oneHot(tf.cast(entity, 'int32') as tf.Tensor2D, relations.shape[1]), 'float32') as tf.Tensor3D; // [B, K, E + 1]
  const found = tf.matMul(tf.matMul(at, tf.cast(relations, 'float32') as tf.Tensor3D), at, false, true);
  return tf.cast(found, 'int32') as tf.Tensor3D;
}

/**
 * The mean over reports of the weighted sums over spans and over ordered pairs of kept spans.
 *
 * @returns the loss, and both sums' means; the caller disposes them
 */
export function dygieLoss(
  { entities, relations, top }: DygieScores,
  { spans, kept }: Pick<ReportTensors, 'spans' | 'kept'>,
  gold: GoldTensors,
  weights: LossWeights,
): { loss: tf.Scalar; entityLoss: tf.Scalar; relationLoss: tf.Scalar } {
  const batch = spans.shape[0];
  return scope(() => {
    const entityLoss = tf.div(tf.sum(tf.mul(surprise(entities, gold.labels), spans)), batch) as tf.Scalar;
    const pairs = tf.mul(tf.expandDims(kept, 2), tf.expandDims(kept, 1)); // [B, K, K]
    const relationLoss = tf.div(tf.sum(tf.mul(surprise(relations, keptRelations(top, gold)), pairs)), batch) as tf.Scalar;
    const loss = tf.add(tf.mul(entityLoss, weights.ner), tf.mul(relationLoss, weights.relation)) as tf.Scalar;
    return { loss, entityLoss, relationLoss };
  });
}

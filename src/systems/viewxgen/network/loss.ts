/** What the network learns: each token of a part from those before it, its own part's and other parts'. */

import * as tf from '@tensorflow/tfjs-core';
import { embedding, linear, scope } from '../../../engine';
import type { KindOfTokens, SequenceBatch } from '../sequence/arrange';
import { imageVocabulary } from '../sequence/tokens';
import type { ViewxgenConfig } from './config';
import { type PassOptions, sequenceStates } from './forward';
import type { ViewxgenParams } from './params';

/** A batch, with what is dropped and the rows that features are made with. */
export type ViewxgenBatch = SequenceBatch & { dropped?: tf.Tensor3D; projections?: tf.Tensor3D };

/** The part of the vocabulary that one kind of tokens has. */
interface Vocabulary {
  readonly first: number;
  readonly count: number;
}

/**
 * The sum of cross-entropies of next tokens, nats, at positions of one kind, and how many count: as `nextTokenLogits` says them, but without the logits of
 * the other kind, which are most of the work.
 *
 * @param states [B · L, dim]
 */
function crossEntropies(
  { to_out_combined_txt_img: { weight, bias } }: ViewxgenParams,
  states: tf.Tensor2D,
  { rows, targets }: KindOfTokens,
  { first, count }: Vocabulary,
): { readonly sum: tf.Scalar; readonly count: tf.Scalar } {
  const own = embedding(rows, states) as tf.Tensor2D;
  const ownWeight = tf.slice(weight, [0, first], [weight.shape[0], count]);
  const ownBias = tf.slice(bias!, [first], [count]);
  const right = tf.maximum(tf.sub(targets, tf.scalar(first, 'int32')), tf.scalar(0, 'int32')) as tf.Tensor1D;
  const columns = tf.concat([tf.transpose(ownWeight), tf.expandDims(ownBias, 1)], 1) as tf.Tensor2D;
  const withOne = tf.concat([own, tf.ones([own.shape[0], 1])], 1);
  const said = tf.sum(tf.mul(withOne, embedding(right, columns)), 1);
  const each = tf.sub(tf.logSumExp(linear(own, ownWeight, ownBias), 1), said);
  const counts = tf.cast(tf.greaterEqual(targets, tf.scalar(0, 'int32')), 'float32');
  return { sum: tf.sum(tf.mul(each, counts)), count: tf.sum(counts) };
}

/**
 * The mean cross-entropy of the tokens that count, nats, and beside it those of texts and of images. The first token of a part is given, not learnt.
 */
export function viewxgenLoss(
  config: ViewxgenConfig,
  params: ViewxgenParams,
  { texts, images, dropped, projections, ...tokens }: ViewxgenBatch,
): { loss: tf.Scalar; aux: { text: tf.Scalar; image: tf.Scalar } } {
  return scope(() => {
    const options: PassOptions = { ...(dropped && { dropped }), ...(projections && { projections }) };
    const states = tf.reshape(sequenceStates(config, params, tokens, options), [-1, config.dim]) as tf.Tensor2D;
    const text = crossEntropies(params, states, texts, { first: 0, count: config.text_vocabulary });
    const image = crossEntropies(params, states, images, { first: config.text_vocabulary, count: imageVocabulary(config) });
    const mean = (sum: tf.Tensor, count: tf.Tensor): tf.Scalar => tf.div(sum, tf.maximum(count, 1)) as tf.Scalar;
    return {
      loss: mean(tf.add(text.sum, image.sum), tf.add(text.count, image.count)),
      aux: { text: mean(text.sum, text.count), image: mean(image.sum, image.count) },
    };
  });
}

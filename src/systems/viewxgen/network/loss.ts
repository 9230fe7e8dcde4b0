/** What the network learns: each token of a part from those before it, its own part's and other parts'. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../../engine';
import type { SequenceBatch } from '../sequence/arrange';
import { vocabularyOf } from '../sequence/tokens';
import type { ViewxgenConfig } from './config';
import { nextTokenLogits, type PassOptions, sequenceStates } from './forward';
import type { ViewxgenParams } from './params';

/** A batch, with what is dropped and the rows that features are made with. */
export type ViewxgenBatch = SequenceBatch & { dropped?: tf.Tensor3D; projections?: tf.Tensor3D };

/**
 * The mean cross-entropy of the tokens that count, nats, and beside it those of texts and of images. The first token of a part is given, not learnt.
 */
export function viewxgenLoss(
  config: ViewxgenConfig,
  params: ViewxgenParams,
  { targets, dropped, projections, ...tokens }: ViewxgenBatch,
): { loss: tf.Scalar; aux: { text: tf.Scalar; image: tf.Scalar } } {
  return scope(() => {
    const options: PassOptions = { ...(dropped && { dropped }), ...(projections && { projections }) };
    const states = sequenceStates(config, params, tokens, options);
    const said = tf.logSoftmax(nextTokenLogits(config, params, states, tokens.positions));
    const right = tf.oneHot(tf.maximum(targets, tf.scalar(0, 'int32')) as tf.Tensor2D, vocabularyOf(config));
    const each = tf.neg(tf.sum(tf.mul(said, right), 2));
    const counts = tf.cast(tf.greaterEqual(targets, tf.scalar(0, 'int32')), 'float32');
    const isText = tf.mul(counts, tf.cast(tf.less(tokens.positions, tf.scalar(config.text_length, 'int32')), 'float32'));
    const meanOver = (which: tf.Tensor): tf.Scalar => tf.div(tf.sum(tf.mul(each, which)), tf.maximum(tf.sum(which), 1)) as tf.Scalar;
    return { loss: meanOver(counts), aux: { text: meanOver(isText), image: meanOver(tf.sub(counts, isText)) } };
  });
}

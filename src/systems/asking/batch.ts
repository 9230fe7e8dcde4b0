/** Dialogues of a batch as a training sees them. */

import * as tf from '@tensorflow/tfjs-core';
import { nextTokenLoss } from '../../decoders';
import { causalScores } from '../../decoders/internal';
import { scope, type Tree } from '../../engine';
import type { Rows } from '../../files';
import { type AskedNetwork, embedWithImages } from './network';
import type { Dialogue } from './tokens';

/** A type that trees can be; the caller disposes it. */
export type DialogueBatch = {
  /** int32 [B, L], with `IMAGE_TOKEN` in images' places. */
  ids: tf.Tensor2D;
  /** The tokens of answers, -100 elsewhere, int32 [B, L]. */
  labels: tf.Tensor2D;
  positions: tf.Tensor2D;
  /** Of the images in their order, and zeros behind them, [B · images, count, channels]; absent where no dialogue of the training has one. */
  states?: tf.Tensor3D;
};

/** The label of what does not count. */
const NOTHING = -100;

export interface BatchShape {
  /** Tokens of a row. */
  readonly length: number;
  /** Any token: no token sees what is behind a dialogue. */
  readonly padding: number;
}

/**
 * Dialogues as rows of one length, padded on the right.
 *
 * @param states of all images; absent where dialogues have none
 * @throws RangeError where a dialogue is longer than a row
 */
export async function dialogueBatch(
  { images: most, states: { count, channels } }: Pick<AskedNetwork, 'images' | 'states'>,
  dialogues: readonly Dialogue[],
  { length, padding }: BatchShape,
  states?: Rows,
): Promise<DialogueBatch> {
  const B = dialogues.length;
  const [ids, labels] = [new Int32Array(B * length).fill(padding), new Int32Array(B * length).fill(NOTHING)];
  dialogues.forEach(({ prompt, answer }, b) => {
    const used = prompt.length + answer.length;
    if (used > length) throw new RangeError(`a dialogue has ${used} tokens, more than the ${length} of a row`);
    ids.set([...prompt, ...answer], b * length);
    labels.set(answer, b * length + prompt.length);
  });
  return {
    ids: tf.tensor2d(ids, [B, length], 'int32'),
    labels: tf.tensor2d(labels, [B, length], 'int32'),
    positions: tf.tensor2d(
      Int32Array.from({ length: B * length }, (_, i) => i % length),
      [B, length],
      'int32',
    ),
    ...(states && {
      states: await imageStatesOf(
        states,
        dialogues.flatMap(({ images }) => images),
        [B * most, count, channels],
      ),
    }),
  };
}

/** States of some images and zeros behind them; the caller disposes them. */
export async function imageStatesOf(
  states: Rows,
  images: readonly number[],
  shape: readonly [number, number, number],
): Promise<tf.Tensor3D> {
  const values = new Float32Array(shape[0] * shape[1] * shape[2]);
  if (images.length > 0) values.set(await states.read(images));
  return tf.tensor3d(values, [...shape]);
}

/** The mean cross-entropy of the answers' tokens, nats; a scalar that the caller disposes. */
export function answersLoss(network: AskedNetwork, params: Tree, { ids, labels, positions, states }: DialogueBatch): tf.Scalar {
  const [, length] = ids.shape;
  const { facts, forward } = network.language(params);
  return scope(() => {
    const scores = causalScores({ mask: [new Array(length).fill(1)], from: 0, length, ...(facts.window && { window: facts.window }) });
    const embeddings = states && embedWithImages(network, params, ids, states);
    const { logits } = forward(params, { ids, positions, scores, ...(embeddings && { embeddings }) });
    return nextTokenLoss(logits, labels);
  });
}

/** Training of an encoder of images on their reports: each image finds its text among those of a batch. */

import * as tf from '@tensorflow/tfjs-core';
import { causalScores } from '../../decoders/internal';
import { cloneTree, compileNetwork, dispose, foldIn, type Key, scope, split, type Tree } from '../../engine';
import { overRows } from '../../engine/internal';
import { type Rows, rowsOf } from '../../files';
import { type LinearParams, linearLayer } from '../../nn';
import { initialise, linearSpec } from '../../nn/internal';
import { clipContrastiveLoss, type Optimisation, type Watched } from '../../training';
import { augmentedImages, dataOrder, trainNormalised } from '../../training/internal';
import type { VectorEncoder } from './labelled-encoder';
import type { AskedModel } from './network';
import { textDialogues } from './tokens';

export interface AlignEncoderOptions extends Watched {
  readonly network: VectorEncoder;
  /** As it starts; borrowed. Random weights if not given. */
  readonly begins?: Tree;
  readonly pixels: Rows;
  /** A vector for the text of each image (`textVectors`). */
  readonly texts: Rows;
  readonly optimisation: Optimisation;
  readonly key: Key;
}

type Aligned = { encoder: Tree; image: LinearParams; text: LinearParams; logit_scale: tf.Scalar };
type Batch = { images: tf.Tensor4D; texts: tf.Tensor2D };

/** Channels of what images and texts meet in. */
const SHARED = 128;
/** The logarithm of the inverse temperature at the start: CLIP's 0.07. */
const LOGIT_SCALE = Math.log(1 / 0.07);

/**
 * Trains by CLIP's loss on images that are moved and exposed a little differently each time; the texts' vectors stay as they are, but for
 * a linear layer.
 *
 * @returns the encoder alone, which the caller disposes
 * @throws the signal's reason where it was raised: with checkpoints the same call goes on
 */
export async function alignEncoder(options: AlignEncoderOptions): Promise<Tree> {
  const { network, begins, pixels, texts, optimisation, key, signal, onStart, onStep, checkpoints } = options;
  const [initial, ofImage, ofText, ordering, augmenting] = split(key, 5) as [Key, Key, Key, Key, Key];
  const order = dataOrder(ordering, pixels.length, optimisation.batch_size);
  const { params } = await trainNormalised<Aligned, Batch>({
    params: {
      encoder: begins ? cloneTree(begins) : network.init(initial),
      image: initialise<LinearParams>(linearSpec(network.width, SHARED), ofImage),
      text: initialise<LinearParams>(linearSpec(texts.width, SHARED), ofText),
      logit_scale: tf.scalar(LOGIT_SCALE),
    },
    async batch(index) {
      const rows = order(index);
      return {
        images: await augmentedImages(pixels, rows, network.size, foldIn(augmenting, index)),
        texts: tf.tensor2d(await texts.read(rows), [rows.length, texts.width]),
      };
    },
    loss: ({ encoder, image, text, logit_scale }, batch, statistics) =>
      scope(() => {
        const seen = linearLayer(image, network.vector(encoder, batch.images, statistics));
        return clipContrastiveLoss(seen, linearLayer(text, batch.texts), logit_scale).loss;
      }),
    optimisation,
    ...(signal && { signal }),
    ...(onStart && { onStart }),
    ...(onStep && { onStep }),
    ...(checkpoints && { checkpoints }),
  });
  const { encoder, ...rest } = params;
  dispose(rest);
  return encoder;
}

/** Texts that are read at a time. */
const AT_ONCE = 32;

/**
 * Texts as a language model has them: the mean of its last states over their tokens, less the mean over all texts.
 *
 * @param length tokens of a text that are read
 * @returns      rows as wide as the model's states
 */
export async function textVectors(
  { network, params, tokenizer }: AskedModel,
  texts: readonly string[],
  length: number,
  signal?: AbortSignal,
): Promise<Rows> {
  const { facts, forward } = network.language(params);
  const read = compileNetwork((weights: Tree, ids: tf.Tensor2D, mask: tf.Tensor3D) =>
    scope(() => {
      const positions = tf.tile(tf.reshape(tf.range(0, length, 1, 'int32'), [1, length]), [AT_ONCE, 1]) as tf.Tensor2D;
      const scores = causalScores({ mask: [new Array(length).fill(1)], from: 0, length, ...(facts.window && { window: facts.window }) });
      const { hiddenStates } = forward(weights, { ids, positions, scores });
      return { means: tf.div(tf.sum(tf.mul(hiddenStates.at(-1)!, mask), 1), tf.maximum(tf.sum(mask, 1), 1)) as tf.Tensor2D };
    }),
  );
  const rows = textDialogues(tokenizer, texts, length).map(({ prompt, answer }) => [...prompt, ...answer]);
  const [ids, mask] = [new Int32Array(rows.length * length).fill(tokenizer.padId), new Float32Array(rows.length * length)];
  rows.forEach((row, i) => {
    ids.set(row, i * length);
    mask.fill(1, i * length, i * length + row.length);
  });
  const width = network.words(params).shape[1];
  try {
    const { means } = await overRows(
      (tokens, there) => read(params, tokens as tf.Tensor2D, there as tf.Tensor3D),
      [
        { values: ids, shape: [length] },
        { values: mask, shape: [length, 1] },
      ],
      { means: width },
      { batch: AT_ONCE, ...(signal && { signal }) },
    );
    return rowsOf(centred(means, width), width);
  } finally {
    read.dispose();
  }
}

/** Each channel less its mean over all rows. */
function centred(values: Float32Array, width: number): Float32Array {
  const rows = values.length / width;
  const means = Float64Array.from({ length: width }, (_, c) => {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += values[i * width + c]!;
    return sum / rows;
  });
  return values.map((value, i) => value - means[i % width]!);
}

/** Where in the image the words of an answer look. */

import * as tf from '@tensorflow/tfjs-core';
import { causalScores } from '../../decoders/internal';
import { scope } from '../../engine';
import { type AskedModel, embedWithImages, IMAGE_TOKEN } from './network';
import { bareIds, promptTokens } from './tokens';

/** An answer's tokens with what each attends to of the image. */
export interface AnswerAttention {
  readonly tokens: readonly string[];
  /** Side of a map: patches. */
  readonly side: number;
  /** [tokens × side²], row by row: the mean over heads and layers, of what is on the image; a token's map sums up to 1. */
  readonly maps: Float32Array;
  /** What share of its attention each token has on the image, 0 to 1. */
  readonly onImage: Float32Array;
}

/**
 * Of each token of an answer: where the state that it follows from looks in the image.
 *
 * @param image size × size values, 0 to 1
 * @throws RangeError where the network's image tokens are no places of it, as behind a Q-Former, or the answer is empty
 */
export function answerAttention(
  model: AskedModel,
  { image, question, answer }: { readonly image: Float32Array; readonly question: string; readonly answer: string },
): AnswerAttention {
  const { network, params, tokenizer } = model;
  const { grid: side, size, name } = network;
  if (side === undefined) throw new RangeError(`${name}: what stands for an image has no place in it: there is no map to show`);
  const words = bareIds(tokenizer, answer);
  if (words.length === 0) throw new RangeError(`${name}: answer: expected a text, got none`);
  const prompt = promptTokens(model, question, 1);
  const all = [...prompt, ...words];
  const first = prompt.indexOf(IMAGE_TOKEN);
  const places = side * side;
  const { facts } = network.language(params);
  const mean = scope(() => {
    const ids = tf.tensor2d([all], undefined, 'int32');
    const states = network.see(params, tf.tensor4d(image, [1, size, size, 1]));
    const weights = network.attention(params, {
      ids,
      embeddings: embedWithImages(network, params, ids, states),
      positions: tf.tensor2d([all.map((_, i) => i)], undefined, 'int32'),
      scores: causalScores({ mask: [all.map(() => 1)], from: 0, length: all.length, ...(facts.window && { window: facts.window }) }),
    });
    const rows = weights.map((layer) => tf.slice(layer, [0, 0, prompt.length - 1, first], [1, -1, words.length, places]));
    return tf.mean(tf.concat(rows, 1), 1) as tf.Tensor3D;
  });
  const values = mean.dataSync() as Float32Array;
  mean.dispose();
  const onImage = Float32Array.from(words, (_, t) => values.subarray(t * places, (t + 1) * places).reduce((sum, value) => sum + value, 0));
  return {
    tokens: words.map((id) => tokenizer.text([id])),
    side,
    maps: values.map((value, i) => value / Math.max(onImage[Math.floor(i / places)]!, 1e-12)),
    onImage,
  };
}

/** Answers of a model to questions about images: written, or chosen by how likely they are. */

import * as tf from '@tensorflow/tfjs-core';
import { type Continued, generate, meanLogLikelihoods, type Processor } from '../../decoders';
import { dispose, foldIn, type Key } from '../../engine';
import { nextTurn } from '../../engine/internal';
import type { Rows } from '../../files';
import { imageStatesOf } from './batch';
import { type AskedModel, embedWithImages } from './network';
import { bareIds, endOf, type Instruction, promptTokens } from './tokens';

/** A question without its answer. */
export type AskedQuestion = Pick<Instruction, 'images' | 'question'>;

export interface WriteAnswersOptions {
  /** The most tokens of an answer. */
  readonly maxTokens: number;
  readonly processors?: readonly Processor[];
  /** Tokens are drawn by their probabilities with this key; where it is left out the likeliest is taken. */
  readonly key?: Key;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Questions that are answered side by side. */
const AT_ONCE = 32;

/** What the language model sees of prompts of one length; the caller disposes it. */
async function embedded(
  { network, params }: AskedModel,
  ids: tf.Tensor2D,
  images: readonly number[],
  states: Rows,
  most: number,
): Promise<tf.Tensor3D> {
  const { count, channels } = network.states;
  const shown = await imageStatesOf(states, images, [most, count, channels]);
  const embeddings = embedWithImages(network, params, ids, shown);
  shown.dispose();
  return embeddings;
}

/**
 * Written answers.
 *
 * @param states of all images (`imageStates`)
 * @throws RangeError where a question shows more images than there are places for, or is too long; the signal's reason where it was raised
 */
export async function writeAnswers(
  model: AskedModel,
  questions: readonly AskedQuestion[],
  states: Rows,
  { maxTokens, processors = [], key, signal, onProgress }: WriteAnswersOptions,
): Promise<string[]> {
  const { network, params, tokenizer } = model;
  const language = network.language(params);
  const prompts = questions.map(({ images, question }) => promptTokens(model, question, images.length));
  const byLength = Array.from(questions.keys()).sort((a, b) => prompts[a]!.length - prompts[b]!.length); // so that little is padding
  const answers = new Array<string>(questions.length);
  for (let at = 0; at < byLength.length; at += AT_ONCE) {
    signal?.throwIfAborted();
    const rows = byLength.slice(at, at + AT_ONCE);
    const length = Math.max(...rows.map((row) => prompts[row]!.length));
    const padded = rows.map((row) => {
      const before = length - prompts[row]!.length;
      return { ids: [...new Array<number>(before).fill(tokenizer.padId), ...prompts[row]!], before };
    });
    const ids = tf.tensor2d(
      padded.map((row) => row.ids),
      [rows.length, length],
      'int32',
    );
    const images = rows.flatMap((row) => questions[row]!.images);
    const embeddings = await embedded(model, ids, images, states, Math.max(1, images.length));
    try {
      const { sequences } = generate(
        language,
        {
          ids: padded.map((row) => row.ids),
          mask: padded.map(({ before }) => Array.from({ length }, (_, i) => Number(i >= before))),
          embeddings,
        },
        {
          maxNewTokens: maxTokens,
          end: endOf(tokenizer),
          padding: tokenizer.padId,
          processors,
          ...(key && { key: foldIn(key, at / AT_ONCE) }),
        },
      );
      rows.forEach((row, i) => {
        answers[row] = answerText(model, sequences[i]!.slice(length));
      });
    } finally {
      dispose({ ids, embeddings });
    }
    onProgress?.(Math.min(at + AT_ONCE, questions.length), questions.length);
    await nextTurn();
  }
  return answers;
}

/** The text of an answer's tokens, up to the mark of its end. */
export function answerText({ tokenizer }: Pick<AskedModel, 'tokenizer'>, tokens: readonly number[]): string {
  const end = tokens.indexOf(endOf(tokenizer));
  return tokenizer.text(end < 0 ? tokens : tokens.slice(0, end)).trim();
}

/**
 * How likely each of the answers that a question is given is: the mean log-probability of its tokens, nats.
 *
 * @param options the answers of each question
 * @throws as `writeAnswers`
 */
export async function answerLikelihoods(
  model: AskedModel,
  questions: readonly AskedQuestion[],
  options: readonly (readonly string[])[],
  states: Rows,
  watched: Pick<WriteAnswersOptions, 'signal' | 'onProgress'> = {},
): Promise<number[][]> {
  const { network, params, tokenizer } = model;
  const asked = questions.flatMap(({ images, question }, i): (Continued & { images: readonly number[] })[] => {
    const prompt = promptTokens(model, question, images.length);
    return options[i]!.map((option) => ({ images, prompt, continuation: bareIds(tokenizer, option) }));
  });
  const values = await meanLogLikelihoods(network.language(params), asked, {
    padding: tokenizer.padId,
    embed: (ids, rows) => {
      const images = rows.flatMap((row) => asked[row]!.images);
      return embedded(model, ids, images, states, rows.length * network.images);
    },
    ...watched,
  });
  let at = 0;
  return options.map((each) => {
    at += each.length;
    return values.slice(at - each.length, at);
  });
}

/** One answer, token by token. */

import * as tf from '@tensorflow/tfjs-core';
import { type Processor, writeTokens } from '../../decoders';
import { dispose, type Key, scope } from '../../engine';
import { answerText } from './answers';
import { type AskedModel, embedWithImages } from './network';
import { endOf, promptTokens } from './tokens';

/** How tokens are chosen. */
export interface AnswerSampling {
  /** At most 0.001, as published: the likeliest tokens are taken, and nothing is drawn. */
  readonly temperature: number;
  /** Tokens are drawn of the likeliest that together have this probability. */
  readonly top_p: number;
}

const NOTHING_DRAWN = 0.001;

/** What `generate` takes for a sampling: processors, and the key where tokens are drawn. */
export function decodingOf(
  { temperature, top_p }: AnswerSampling,
  key: Key,
): { readonly processors: readonly Processor[]; readonly key?: Key } {
  if (temperature <= NOTHING_DRAWN) return { processors: [] };
  return {
    processors: [
      { kind: 'temperature', value: temperature },
      { kind: 'top_p', value: top_p },
    ],
    key,
  };
}

export interface QuestionToAnswer extends AnswerSampling {
  /** Grey images, size × size values each, 0 to 1. */
  readonly images: readonly Float32Array[];
  readonly question: string;
  /** The most tokens of the answer. */
  readonly maxTokens: number;
  readonly key: Key;
  readonly signal?: AbortSignal;
}

/**
 * The answer so far, after each token.
 *
 * @throws RangeError where there are more images than places for them, one has another size, or the question is too long; the signal's reason
 */
export async function* answerAsWritten(model: AskedModel, asked: QuestionToAnswer): AsyncGenerator<string> {
  const { network, params, tokenizer } = model;
  const { images, question, maxTokens, key, signal } = asked;
  const { size, name } = network;
  const wrong = images.find((image) => image.length !== size * size);
  if (wrong) throw new RangeError(`${name}: an image has ${wrong.length} values; expected ${size} × ${size}`);
  const prompt = promptTokens(model, question, images.length);
  const language = network.language(params);
  if (prompt.length + maxTokens > language.facts.longest)
    throw new RangeError(
      `${name}: the question is ${prompt.length} tokens long with its images, and with ${maxTokens} of an answer more than the model's ${language.facts.longest} positions; shorten it`,
    );
  const embeddings = scope(() => {
    const ids = tf.tensor2d([prompt], undefined, 'int32');
    const pixels = tf.tensor4d(
      images.length > 0 ? Float32Array.from(images.flatMap((image) => [...image])) : new Float32Array(size * size),
      [Math.max(1, images.length), size, size, 1],
    );
    return embedWithImages(network, params, ids, network.see(params, pixels));
  });
  const tokens: number[] = [];
  try {
    const options = {
      maxNewTokens: maxTokens,
      end: endOf(tokenizer),
      padding: tokenizer.padId,
      ...decodingOf(asked, key),
      ...(signal && { signal }),
    };
    for await (const [token] of writeTokens(language, { ids: [prompt], embeddings }, options)) {
      tokens.push(token!);
      yield answerText(model, tokens);
    }
  } finally {
    dispose({ embeddings });
  }
}

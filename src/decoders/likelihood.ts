/** How likely texts are as continuations of others: by which a model chooses among answers that are given. */

import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, scope, type Tree } from '../engine';
import { nextTurn } from '../engine/internal';
import type { LanguageModel } from './language-model';
import { causalScores, tokenPositions } from './masks';
import { labelLogProbabilities } from './pass';

/** Tokens, and those that follow them. */
export interface Continued {
  readonly prompt: readonly number[];
  /** At least one. */
  readonly continuation: readonly number[];
}

type Batch = { ids: tf.Tensor2D; embeddings?: tf.Tensor3D; positions: tf.Tensor2D; scores: tf.Tensor4D; labels: tf.Tensor2D };

/** The label of what does not count. */
const NOTHING = -100;

/** Rows that are computed at a time. */
const AT_ONCE = 8;

export interface LikelihoodOptions {
  /** Any token: what is behind a row counts for nothing. */
  readonly padding: number;
  /**
   * What stands for the tokens of some rows, such as images among them, [B, L, C]; of Llama, Mistral and Phi.
   *
   * @param ids  int32 [B, L], padded on the right; borrowed
   * @param rows which of the rows they are; behind the last one, the first of the batch again
   */
  readonly embed?: (ids: tf.Tensor2D, rows: readonly number[]) => Promise<tf.Tensor3D>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * The mean log-probability of each continuation's tokens, nats, each token given all before it.
 *
 * @throws RangeError where a continuation or what is before it has no token, or the model has no positions for so many; the signal's reason
 */
export async function meanLogLikelihoods(
  model: LanguageModel,
  rows: readonly Continued[],
  { padding, embed, signal, onProgress }: LikelihoodOptions,
): Promise<number[]> {
  const { facts, params, forward } = model;
  const length = Math.max(0, ...rows.map(({ prompt, continuation }) => prompt.length + continuation.length));
  if (rows.some(({ prompt, continuation }) => prompt.length === 0 || continuation.length === 0))
    throw new RangeError('likelihood: expected at least one token of a prompt and one that follows it');
  if (length > facts.longest)
    throw new RangeError(`likelihood: ${length} tokens are more than the model's ${facts.longest} positions; shorten the prompts`);
  const network = compileNetwork((weights: Tree, { labels, ...inputs }: Batch) =>
    scope(() => {
      const { each, counts } = labelLogProbabilities(forward(weights, inputs).logits, labels);
      return { means: tf.div(tf.sum(each, 1), tf.maximum(tf.sum(counts, 1), 1)) as tf.Tensor1D };
    }),
  );
  try {
    const means: number[] = [];
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      signal?.throwIfAborted();
      const some = rows.slice(at, at + AT_ONCE);
      const batch = batchOf(some, { length, padding, window: facts.window });
      if (embed)
        batch.embeddings = await embed(
          batch.ids,
          Array.from({ length: AT_ONCE }, (_, i) => at + (i < some.length ? i : 0)),
        );
      const out = network(params, batch);
      means.push(...out.means.dataSync().subarray(0, some.length));
      dispose(batch, out);
      onProgress?.(means.length, rows.length);
      await nextTurn();
    }
    return means;
  } finally {
    network.dispose();
  }
}

/** Rows of one length; batches that lack some are filled up with the first, so that all have one shape. */
function batchOf(rows: readonly Continued[], shape: { length: number; padding: number; window: number | undefined }): Batch {
  const { length, padding, window } = shape;
  const filled = [...rows, ...new Array<Continued>(AT_ONCE - rows.length).fill(rows[0]!)];
  const padded = (values: readonly number[], by: number): number[] => [...values, ...new Array<number>(length - values.length).fill(by)];
  const tensor = (values: number[][]): tf.Tensor2D => tf.tensor2d(values.flat(), [AT_ONCE, length], 'int32');
  const mask = filled.map(({ prompt, continuation }) => padded([...prompt, ...continuation].fill(1), 0));
  return {
    ids: tensor(filled.map(({ prompt, continuation }) => padded([...prompt, ...continuation], padding))),
    positions: tensor(tokenPositions(mask)),
    scores: causalScores({ mask, from: 0, length, ...(window !== undefined && { window }) }),
    // What follows at each place, from the prompt's last token on.
    labels: tensor(
      filled.map(({ prompt, continuation }) => padded([...new Array<number>(prompt.length - 1).fill(NOTHING), ...continuation], NOTHING)),
    ),
  };
}

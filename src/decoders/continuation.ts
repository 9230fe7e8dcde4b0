/** Runs a model token after token: one graph for the prompts, one for all steps after them, since keys and values keep one shape. */

import * as tf from '@tensorflow/tfjs-core';
import { paddingScores } from '../encoders/internal';
import { compileNetwork, dispose, embedding, scope, type Tree } from '../engine';
import type { LanguageModel } from './language-model';
import { causalScores, placesFrom, tokenPositions } from './masks';
import type { KeptKeys } from './pass';

export interface Prompts {
  /** Rows of tokens, padded on the left to one length. */
  readonly ids: readonly (readonly number[])[];
  /** 1 for tokens, 0 for padding; all tokens where left out. */
  readonly mask?: readonly (readonly number[])[];
  /** What stands for the tokens of the prompts, such as images among them, [B, L, C]; of Llama, Mistral and Phi. Borrowed. */
  readonly embeddings?: tf.Tensor3D;
  /** What cross-attention sees, [B, Lc, D]; and 1 where there is something to see, [B, Lc]. Borrowed. */
  readonly context?: tf.Tensor3D;
  readonly contextMask?: tf.Tensor2D;
}

/** How many of each row's tokens, the first, are padding. */
export const paddedOf = ({ ids, mask }: Prompts): number[] => ids.map((_, i) => Math.max(0, mask?.[i]?.indexOf(1) ?? 0));

type StepInputs = {
  ids: tf.Tensor2D;
  embeddings?: tf.Tensor3D;
  positions: tf.Tensor2D;
  scores: tf.Tensor4D;
  places: tf.Tensor2D;
  kept: KeptKeys[];
  /** Which row of `kept` each row goes on from, int32 [B]. */
  from: tf.Tensor1D;
  context?: tf.Tensor3D;
  contextScores?: tf.Tensor4D;
  state?: tf.Tensor2D;
};

/** A model that is being run; `dispose` frees what it holds. */
export interface Continuation {
  /** Scores of the first new token, [rows, vocabulary]. */
  begin(): Float32Array;
  /** Scores of the next token after one more for each row, which goes on from row `from[i]` of the step before. */
  next(tokens: readonly number[], from: readonly number[]): Float32Array;
  dispose(): void;
}

/** Rows of keys, which beams may take over from each other. */
function taken({ k, v }: KeptKeys, from: tf.Tensor1D): KeptKeys {
  const [batch, capacity, width] = k.shape;
  const pick = (x: tf.Tensor3D): tf.Tensor3D =>
    tf.reshape(embedding(from, tf.reshape(x, [batch, capacity * width])), [batch, capacity, width]);
  return { k: pick(k), v: pick(v) };
}

/**
 * @param beams how many rows each prompt has, beside each other
 * @param steps how many tokens may follow
 * @throws RangeError where the model has no positions for so many, or prompts are of several lengths
 */
export function continuation(
  { facts, params, forward, firstState }: LanguageModel,
  prompts: Prompts,
  beams: number,
  steps: number,
): Continuation {
  const length = prompts.ids[0]?.length ?? 0;
  if (length === 0 || prompts.ids.some((row) => row.length !== length))
    throw new RangeError(
      `generate: prompts: expected rows of one length, at least 1, got ${prompts.ids.map((row) => row.length).join(', ')}`,
    );
  const capacity = length + steps;
  if (capacity > facts.longest)
    throw new RangeError(`generate: ${length} tokens and ${steps} new ones are more than the model's ${facts.longest} positions`);
  const repeated = <T>(rows: readonly T[]): T[] => rows.flatMap((row) => Array<T>(beams).fill(row));
  const ids = repeated(prompts.ids);
  const mask = repeated(prompts.mask ?? prompts.ids.map((row) => row.map(() => 1))).map((row) => [...row]);
  const rows = ids.length;
  const repeatRows = <T extends tf.Tensor>(x: T): T =>
    scope(
      () =>
        tf.concat(
          tf.split(x, x.shape[0]!, 0).flatMap((row) => Array<tf.Tensor>(beams).fill(row)),
          0,
        ) as T,
    );
  const context = scope(() => {
    const { context, contextMask } = prompts;
    return {
      ...(context ? { context: repeatRows(context) } : {}),
      ...(contextMask ? { contextScores: paddingScores(repeatRows(contextMask)) } : {}),
    };
  });
  const network = compileNetwork((weights: Tree, inputs: StepInputs) =>
    scope(() => {
      const kept = inputs.kept.map((layer) => taken(layer, inputs.from));
      const state = inputs.state && (embedding(inputs.from, inputs.state) as tf.Tensor2D);
      const { logits, kept: after, state: next } = forward(weights, { ...inputs, kept, ...(state && { state }) });
      const [batch, count, vocabulary] = logits.shape;
      return {
        scores: tf.reshape(tf.slice(logits, [0, count - 1, 0], [batch, 1, vocabulary]), [batch, vocabulary]),
        kept: after,
        ...(state && { state: next! }),
      };
    }),
  );
  let kept: KeptKeys[] = Array.from({ length: facts.layers }, () => ({
    k: tf.zeros([rows, capacity, facts.keyWidth]),
    v: tf.zeros([rows, capacity, facts.keyWidth]),
  }));
  let state = firstState?.(rows);
  let used = 0;
  const run = (tokens: readonly (readonly number[])[], from: readonly number[]): Float32Array => {
    const count = tokens[0]!.length;
    const positions = tokenPositions(mask).map((row) => row.slice(used, used + count));
    const inputs: StepInputs = {
      ids: tf.tensor2d(tokens.flat(), [rows, count], 'int32'),
      positions: tf.tensor2d(positions.flat(), [rows, count], 'int32'),
      scores: causalScores({ mask, from: used, length: count, capacity, window: facts.window }),
      places: placesFrom(used, count, capacity),
      kept,
      from: tf.tensor1d([...from], 'int32'),
      ...context,
      ...(state && { state }),
      ...(used === 0 && prompts.embeddings && { embeddings: repeatRows(prompts.embeddings) }),
    };
    const out = network(params, inputs);
    const { ids, embeddings, positions: places, scores, places: slots, from: order } = inputs;
    dispose(kept, ids, embeddings, places, scores, slots, order, state);
    kept = out.kept;
    state = out.state;
    used += count;
    const values = out.scores.dataSync() as Float32Array;
    out.scores.dispose();
    return values;
  };
  return {
    begin: () =>
      run(
        ids,
        ids.map((_, i) => i),
      ),
    next: (tokens, from) => {
      const before = mask.map((row) => [...row]);
      from.forEach((row, i) => {
        mask[i] = [...before[row]!, 1];
      });
      return run(
        tokens.map((token) => [token]),
        from,
      );
    },
    dispose: () => {
      network.dispose();
      dispose(kept, context, state);
    },
  };
}

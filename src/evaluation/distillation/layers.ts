/** What each layer of a text encoder makes of texts, as one vector for each text. */

import * as tf from '@tensorflow/tfjs-core';
import type { TextEncoderParams } from '../../encoders';
import { textContext, textEncoderFacts, textHiddenStates } from '../../encoders/internal';
import { compileNetwork, scope } from '../../engine';
import { overRows } from '../../engine/internal';
import type { Features } from '../../metrics';
import type { Model } from '../../pipelines';
import type { Representation } from '../../probes';

/** A layer's vectors of n texts. */
export interface Layer {
  /** `embeddings`, `layer 1`, …, `context`: the last one as the U-Net sees it, after the final norm. */
  readonly name: string;
  /** Mean over the tokens of each text, special ones included and padding not, [n, C]. */
  readonly mean: Representation;
  /** The state of the last token, which ends the text, [n, C]. */
  readonly end: Representation;
}

const BATCH = 32;

/** Mean over tokens, then the last token's state: [B, L, C] and [B, L] to [B, 2 C]. */
function pooled(states: tf.Tensor3D, mask: tf.Tensor2D): tf.Tensor2D {
  return scope(() => {
    const [B, L] = mask.shape;
    const tokens = tf.cast(mask, 'float32');
    const next = tf.pad(tf.slice(tokens, [0, 1], [B, L - 1]), [
      [0, 0],
      [0, 1],
    ]);
    const last = tf.mul(tokens, tf.sub(1, next)); // 1 where no token follows
    const over = (weights: tf.Tensor): tf.Tensor => tf.sum(tf.mul(states, tf.reshape(weights, [B, L, 1])), 1);
    const mean = tf.div(over(tokens), tf.maximum(tf.sum(tokens, 1, true), 1));
    return tf.concat([mean, over(last)], 1) as tf.Tensor2D;
  });
}

/**
 * @throws Error where the model has no tokenizer; RangeError where a state is not finite; the signal's reason where it was raised
 */
export async function layersOf(model: Model, texts: readonly string[], signal?: AbortSignal): Promise<Layer[]> {
  const { textEncoder, tokenizer } = model;
  if (!tokenizer) throw new Error(`${model.folder ?? 'the model'} has no tokenizer, so texts can't be encoded; add a tokenizer folder`);
  const { config } = textEncoder;
  const masked = config.use_attention_mask === true;
  const { width } = textEncoderFacts(config);
  const network = compileNetwork((params: TextEncoderParams, ids: tf.Tensor2D, mask: tf.Tensor2D) =>
    scope(() => {
      const seen = masked ? mask : undefined;
      const hidden = textHiddenStates(config, params, ids, seen);
      const states = [...hidden.slice(0, -1), textContext(config, params, ids, seen)];
      return Object.fromEntries(states.map((state, i) => [String(i), pooled(state, mask)]));
    }),
  );
  try {
    const { ids, mask } = tokenizer.encodeBatch(texts);
    const columns = [ids, mask].map((values) => ({ values, shape: [tokenizer.maxLength], padding: 1 }));
    const depth = depthOf(model);
    const sizes = Object.fromEntries(Array.from({ length: depth }, (_, i) => [String(i), 2 * width]));
    const run = (...inputs: tf.Tensor[]): Record<string, tf.Tensor> =>
      network(textEncoder.params, ...(inputs as [tf.Tensor2D, tf.Tensor2D])) as Record<string, tf.Tensor>;
    const values = await overRows(run, columns, sizes, { batch: BATCH, ...(signal && { signal }) });
    return Array.from({ length: depth }, (_, i) => {
      const both = values[String(i)]!;
      const bad = both.findIndex((value) => !Number.isFinite(value));
      const name = i === depth - 1 ? 'context' : i === 0 ? 'embeddings' : `layer ${i}`;
      if (bad >= 0) throw new RangeError(`layersOf: ${name}: text ${Math.floor(bad / (2 * width))} gives ${both[bad]}`);
      return { name, mean: half(both, width, 0), end: half(both, width, 1) };
    });
  } finally {
    network.dispose();
  }
}

/** How many layers there are with the embeddings. */
function depthOf({ textEncoder: { config, params } }: Model): number {
  return tf.tidy(() => textHiddenStates(config, params, tf.zeros([1, 1], 'int32') as tf.Tensor2D).length);
}

function half(both: Float32Array, width: number, which: 0 | 1): Representation {
  const rows = both.length / (2 * width);
  const values = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) values.set(both.subarray((2 * i + which) * width, (2 * i + which + 1) * width), i * width);
  return { values, rows, columns: width };
}

/** Mean and end side by side, [n, 2 C]: what probes read. */
export function sideBySide({ mean, end }: Pick<Layer, 'mean' | 'end'>): Features {
  const { rows, columns } = mean;
  const values = new Float32Array(2 * rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < columns; k++) {
      values[2 * i * columns + k] = mean.values[i * columns + k]!;
      values[(2 * i + 1) * columns + k] = end.values[i * columns + k]!;
    }
  return { values, rows, columns: 2 * columns };
}

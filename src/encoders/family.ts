/** What a family of text encoders, such as BERT and its relatives, offers to the rest of the library. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope, type Tree } from '../engine';

/** What is known of an encoder from its config alone. */
export interface TextEncoderFacts {
  /** For people: "CLIP", "RoBERTa". */
  readonly kind: string;
  /** Channels of the context. */
  readonly width: number;
  /** Tokens that it can read; undefined where there is no limit (T5). */
  readonly window: number | undefined;
  /** Rows of its table of tokens. */
  readonly vocabulary: number;
  /** transformers' class, as model_index.json names it. */
  readonly className: string;
  /** Whether padding is masked: by all but CLIP where used alone; in a Stable Diffusion folder where the config says so. */
  readonly masks: boolean;
}

/** Results for a batch of texts; the caller disposes them. */
export type TextStates = {
  /** [B, L, width] */
  context: tf.Tensor3D;
  /** One vector per text, [B, width]: CLIP's state at the end of the text; of the others the mean of the tokens' states. */
  pooled: tf.Tensor2D;
};

export interface TextEncoderInit {
  /** Standard deviation of CLIP's token embeddings, times `initializer_factor`. Default 0.02, as CLIP's. */
  readonly tokenStd?: number;
}

/** A text encoder from a folder, as its family loads it. */
export interface LoadedFamilyModel<C, P> {
  readonly config: C;
  /** The caller disposes it. */
  readonly params: P;
  /** Tensors that belong to other parts (heads, a decoder), as the file names them. */
  readonly ignored: readonly string[];
}

/** @typeParam C the config as in its JSON; @typeParam P the parameter tree, with Hugging Face keys as paths */
export interface EncoderFamily<C, P extends Tree> {
  /** Every `model_type` of its configs. */
  readonly modelTypes: readonly string[];
  /** transformers' classes that model_index.json may name. */
  readonly classNames: readonly string[];
  /** Parts of the tree at its root that no context depends on, such as a pooler. */
  readonly unused: readonly string[];
  /** @throws RangeError where the config asks for a network that is not computed here, naming the key */
  facts(config: C): TextEncoderFacts;
  /** Random weights, as transformers starts the class; the caller disposes them. */
  init(config: C, key: Key, init?: TextEncoderInit): P;
  /** Every parameter's shape by its key, in the engine's layout; of parts that may be absent, such as a pooler, those that `keys` has. */
  shapes(config: C, keys?: ReadonlySet<string>): Record<string, number[]>;
  /**
   * The states that the U-Net attends to: the last layer's, after the final norm where there is one.
   *
   * @param mask 1 for tokens, 0 for padding, [B, L]; without it all are attended to
   */
  context(config: C, params: P, ids: tf.Tensor2D, mask?: tf.Tensor2D): tf.Tensor3D;
  /**
   * What each layer makes of the tokens: [0] the embeddings, [i] the output of layer i, [B, L, width] each; the caller disposes them.
   *
   * @param mask as for `context`
   */
  hiddenStates(config: C, params: P, ids: tf.Tensor2D, mask?: tf.Tensor2D): tf.Tensor3D[];
  /** The context and one vector per text. @param tokens 1 for tokens, 0 for padding, [B, L]; @param mask as for `context` */
  states(config: C, params: P, ids: tf.Tensor2D, tokens: tf.Tensor2D, mask?: tf.Tensor2D): TextStates;
  /** @throws FileError where the config or the tensors are not this family's */
  load(folder: string, variant?: string): Promise<LoadedFamilyModel<C, P>>;
  /** Writes a folder that transformers reads. */
  save(folder: string, model: { readonly config: C; readonly params: P }): Promise<void>;
}

/** The mean of the tokens' states, without padding: [B, L, C] and [B, L] to [B, C]; the caller disposes it. */
export function meanState(context: tf.Tensor3D, tokens: tf.Tensor2D): tf.Tensor2D {
  return scope(() => {
    const weights = tf.reshape(tf.cast(tokens, 'float32'), [...tokens.shape, 1]); // [B, L, 1]
    return tf.div(tf.sum(tf.mul(context, weights), 1), tf.maximum(tf.sum(weights, 1), 1));
  });
}

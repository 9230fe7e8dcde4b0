/** What CXR-LLaVA and CheXagent have in common: what an encoder sees in images stands, through a bridge, among the tokens of a language model. */

import * as tf from '@tensorflow/tfjs-core';
import { spliceImages } from '../../bridges';
import type { DecoderInputs, LanguageModel } from '../../decoders';
import { embedding, scope, type Tree } from '../../engine';
import type { Tokenizer } from '../../tokenizers';

/** In the place of an image among tokens, as CXR-LLaVA's code has it: no token has it. */
export const IMAGE_TOKEN = -200;

/** A network that is asked about radiographs. Its functions take the whole tree of its parameters, and are pure. */
export interface AskedNetwork {
  /** Names it in errors. */
  readonly name: string;
  /** Pixels of an image's side. */
  readonly size: number;
  /** Of a question, at most. */
  readonly images: number;
  /** Tokens of an image. */
  readonly places: number;
  /** Where an image's tokens are its patches, row by row: how many stand side by side. */
  readonly grid?: number;
  /** What the encoder says of an image: so many states of so many channels. */
  readonly states: { readonly count: number; readonly channels: number };
  /** The parameters that `see` reads. */
  encoder(params: Tree): Tree;
  /** @param pixels [N, size, size, 1], 0 to 1 @returns [N, states.count, states.channels]; the caller disposes it */
  see(params: Tree, pixels: tf.Tensor4D): tf.Tensor3D;
  /** @returns [N, places, width] of an encoder's states; the caller disposes it */
  bridge(params: Tree, states: tf.Tensor3D): tf.Tensor3D;
  /** The table of the tokens' embeddings, [vocabulary, width]; borrowed. */
  words(params: Tree): tf.Tensor2D;
  /** The language model, whose parameters are the whole tree; borrowed. */
  language(params: Tree): LanguageModel;
  /** Weights of attention by layer, [B, heads, L, L] (`llamaAttention`), of a whole sequence; the caller disposes them. */
  attention(params: Tree, inputs: DecoderInputs): tf.Tensor4D[];
  /** What is asked as a text up to where the answer begins, with `IMAGE_MARK` for each image. */
  prompt(question: string, images: number): string;
}

/** A network with its weights. */
export interface AskedModel {
  readonly network: AskedNetwork;
  /** The caller disposes it. */
  readonly params: Tree;
  readonly tokenizer: Tokenizer;
}

/**
 * Tokens and the images among them as the language model sees them.
 *
 * @param ids    int32 [B, L], with `IMAGE_TOKEN` once for each of an image's places
 * @param states of the images in the order in which they stand, and perhaps of others behind them, [N, states.count, states.channels]
 * @returns      [B, L, width]; the caller disposes it
 */
export function embedWithImages(network: AskedNetwork, params: Tree, ids: tf.Tensor2D, states: tf.Tensor3D): tf.Tensor3D {
  return scope(() => {
    const words = embedding(tf.maximum(ids, tf.scalar(0, 'int32')), network.words(params)) as tf.Tensor3D;
    return spliceImages(ids, words, network.bridge(params, states), IMAGE_TOKEN);
  });
}

/** Where the positions of an image look in its text: cross-attention as maps, as in DAAM (Tang et al. 2022, arXiv:2210.04885). */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { wordsOf } from '../tokenizers';
import { unet } from '../unet';
import { completeUNetConfig } from '../unet/internal';
import { encodePrompts } from './context';
import { expectWeights, type Model } from './model';

/** Of one word of a prompt: how much more each position attends to it than to the mean word. */
export interface WordMap {
  readonly word: string;
  /** [height · width], row by row: 0 where the word gets as much as the mean of all, and over all words a position's values sum to 0. */
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** How much each position attends to each token of one prompt. */
export interface AttentionMaps {
  /** The prompt's tokens with those that begin and end it, without padding. */
  readonly tokens: readonly string[];
  /** One for each token: [height · width], row by row, 0 to 1. Over all tokens, padding included, a position's values sum to 1. */
  readonly maps: readonly Float32Array[];
  /** Of the latents. */
  readonly width: number;
  readonly height: number;
  /**
   * One for each word that the model reads, the mean of its tokens, as `wordsOf` finds it. To what begins and ends the text a position attends
   * that finds nothing in the words, so what a word gets is to be compared with the other words.
   */
  readonly words: readonly WordMap[];
  /** Positions in each of the cross-attentions that were averaged: how fine the maps really are. */
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
}

/** Which call of the U-Net is looked at. */
export interface AttentionMapsOptions {
  readonly prompt: string;
  /** Latents as the U-Net sees them in that call, [1, h, w, C]: `input` of `onStep`. Borrowed. */
  readonly input: tf.Tensor4D;
  readonly timestep: number;
}

/**
 * The attention of one call of the U-Net, averaged over heads and over all cross-attentions, each brought to the latents' size (bilinear).
 * It runs the network once more, eagerly; sampling itself computes no maps.
 *
 * @throws Error where the model has no tokenizer; TypeError where the latents are of another shape
 * @example
 * await textToImage(model, { prompts: [prompt], onStep: async ({ step, input, timestep }) => {
 *   if (step === 10) maps = await attentionMaps(model, { prompt, input, timestep });
 * } });
 */
export async function attentionMaps(model: Model, { prompt, input, timestep }: AttentionMapsOptions): Promise<AttentionMaps> {
  expectWeights(model, 'attentionMaps');
  const { in_channels } = completeUNetConfig(model.unet.config);
  const { H, W } = expectShape('attentionMaps: input', input, `1 H W ${in_channels}`) as { H: number; W: number };
  const { context, mask } = encodePrompts(model, [prompt]);
  const sizes: { width: number; height: number }[] = [];
  const mean = scope(() => {
    const maps: tf.Tensor4D[] = [];
    unet(model.unet.config, model.unet.params, input, tf.tensor1d([timestep]), context, {
      contextMask: mask,
      onAttention: (_, weights, [height, width]) => {
        sizes.push({ width, height });
        const layerMap = tf.reshape(tf.mean(weights, 1), [1, height, width, -1]) as tf.Tensor4D; // [1, h, w, L]
        maps.push(tf.keep(tf.image.resizeBilinear(layerMap, [H, W], false, true)));
      },
    });
    const sum = tf.addN(maps);
    tf.dispose(maps);
    return tf.transpose(tf.div(tf.reshape(sum, [H * W, -1]), maps.length)); // [L, H · W]
  });
  dispose(context, mask);
  const values = (await mean.data()) as Float32Array;
  mean.dispose();
  const tokenizer = model.tokenizer!;
  const tokens = tokenizer.tokens(prompt).slice(0, tokenizer.maxLength);
  const maps = tokens.map((_, i) => values.slice(i * H * W, (i + 1) * H * W));
  const read = wordsOf(tokenizer, prompt).filter(({ isRead }) => isRead);
  const attention = read.map(({ from, to }) => meanOf(maps.slice(from, to), H * W));
  const average = meanOf(attention, H * W);
  const excess = (map: Float32Array): Float32Array => map.map((value, at) => value - average[at]!);
  const words = read.map(({ word }, i) => ({ word, values: excess(attention[i]!), width: W, height: H }));
  return { tokens, maps, width: W, height: H, words, sizes };
}

function meanOf(maps: readonly Float32Array[], length: number): Float32Array {
  return Float32Array.from({ length }, (_, at) => maps.reduce((sum, map) => sum + map[at]!, 0) / maps.length);
}

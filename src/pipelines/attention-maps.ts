/** Where the positions of an image look in its text: cross-attention as maps, as in DAAM (Tang et al. 2022, arXiv:2210.04885). */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectShape } from '../engine/internal';
import { unet } from '../unet';
import { completeUNetConfig } from '../unet/internal';
import { encodePrompts } from './context';
import { expectWeights, type Model } from './model';

/** How much each position attends to each token of one prompt. */
export interface AttentionMaps {
  /** The prompt's tokens with those that begin and end it, without padding. */
  readonly tokens: readonly string[];
  /** One for each token: [height · width], row by row, 0 to 1. Over all tokens, padding included, a position's values sum to 1. */
  readonly maps: readonly Float32Array[];
  /** Of the latents. */
  readonly width: number;
  readonly height: number;
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
  const { context } = encodePrompts(model, [prompt]);
  const mean = scope(() => {
    const maps: tf.Tensor4D[] = [];
    unet(model.unet.config, model.unet.params, input, tf.tensor1d([timestep]), context, {
      onAttention: (_, weights, [height, width]) => {
        const layerMap = tf.reshape(tf.mean(weights, 1), [1, height, width, -1]) as tf.Tensor4D; // [1, h, w, L]
        maps.push(tf.keep(tf.image.resizeBilinear(layerMap, [H, W], false, true)));
      },
    });
    const sum = tf.addN(maps);
    tf.dispose(maps);
    return tf.transpose(tf.div(tf.reshape(sum, [H * W, -1]), maps.length)); // [L, H · W]
  });
  context.dispose();
  const values = (await mean.data()) as Float32Array;
  mean.dispose();
  const { maxLength } = model.tokenizer!;
  const tokens = model.tokenizer!.tokens(prompt).slice(0, maxLength);
  return { tokens, maps: tokens.map((_, i) => values.slice(i * H * W, (i + 1) * H * W)), width: W, height: H };
}

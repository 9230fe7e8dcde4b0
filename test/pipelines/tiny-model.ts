/** What the pipelines' tests share: a tiny model of random weights. */

import assert from 'node:assert/strict';
import { after } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { initClipText } from 'roentgen-lab/encoders';
import { key, split, startEngine } from 'roentgen-lab/engine';
import { disposeModel, type GeneratedImage, type Model, textToImage } from 'roentgen-lab/pipelines';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { initUNet } from 'roentgen-lab/unet';
import { initVae } from '#vae/internal';
import { assertClose } from '../support';

const tokenizer = trainBpe(['left pleural effusion', 'right pneumothorax', 'no acute process'], { vocabularySize: 540, maxLength: 24 });

/** A tiny model of random weights. */
export function tinyModel({ channels = 1, inChannels = 4 } = {}): Model {
  const [a, b, c] = split(key(5), 3) as [ReturnType<typeof key>, ReturnType<typeof key>, ReturnType<typeof key>];
  const unet = {
    sample_size: 8,
    in_channels: inChannels,
    block_out_channels: [8, 16],
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
    layers_per_block: 1,
    cross_attention_dim: 16,
    attention_head_dim: 2,
    norm_num_groups: 4,
  } as const;
  const vae = {
    in_channels: channels,
    out_channels: channels,
    block_out_channels: [8, 8],
    down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
    up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
    norm_num_groups: 4,
    scaling_factor: 0.9,
  } as const;
  const text = {
    vocab_size: tokenizer.vocabularySize,
    hidden_size: 16,
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    max_position_embeddings: 24,
  };
  return {
    unet: { config: unet, params: initUNet(unet, a) },
    vae: { config: vae, params: initVae(vae, b) },
    textEncoder: { config: text, params: initClipText(text, c) },
    tokenizer,
    schedulerConfig: {
      _class_name: 'PNDMScheduler',
      beta_schedule: 'scaled_linear',
      beta_start: 0.00085,
      beta_end: 0.012,
      skip_prk_steps: true,
      steps_offset: 1,
    },
  };
}

export const effusion = 'left pleural effusion';
export const steps = 4;

/** One model for the tests that only use it: its graphs are made once. */
let shared: Model | undefined;
export async function model(): Promise<Model> {
  await startEngine();
  shared ??= tinyModel();
  return shared;
}
after(() => {
  if (shared) disposeModel(shared);
});

/** As `noLeaks`, with the shared model made before tensors are counted. */
export const withModel =
  (body: (model: Model) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const m = await model();
    // The first use keeps the networks' weights.
    await textToImage(m, { prompts: [''], steps: 1 });
    const before = tf.memory().numTensors;
    await body(m);
    assert.equal(tf.memory().numTensors - before, 0, 'tensors leaked');
  };

export const assertSame = (a: GeneratedImage, b: GeneratedImage, tolerance: number): void => assertClose(a.pixels, b.pixels, tolerance);
export const differ = (a: GeneratedImage, b: GeneratedImage): number =>
  Math.max(...a.pixels.map((value, i) => Math.abs(value - b.pixels[i]!)));

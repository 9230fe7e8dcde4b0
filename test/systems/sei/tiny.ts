/** SEI's networks, as small as they still have all parts. */

import * as tf from '@tensorflow/tfjs-core';
import { key, normal, scope } from 'roentgen-lab/engine';
import { loadSeiRecipe, type SeiRecipe } from 'roentgen-lab/systems';
import type { AlignmentConfig, WriterConfig } from '#systems/sei/network/config';
import type { TextTensors } from '#systems/sei/network/encode';

const encoders = {
  image: {
    size: 16,
    resnet: { block: 'BasicBlock', layers: [1, 1, 1, 1], planes: [4, 6, 6, 8], stem: 4, in_channels: 1, num_classes: 0 },
    places: 'layer2',
  },
  text: {
    model_type: 'bert',
    vocab_size: 20,
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 12,
    max_position_embeddings: 6,
  },
  output_dim: 8,
} as const;

export const alignmentConfig: AlignmentConfig = { model_type: 'sei-alignment', ...encoders, instance_temp: 0.5, region_temp: 0.5 };

export const writerConfig: WriterConfig = {
  model_type: 'sei-writer',
  ...encoders,
  reads: ['case', 'indication'],
  fusion: { layers: 1, heads: 2, intermediate_size: 12 },
  decoder: {
    model_type: 'r2gen',
    vocab_size: 20,
    d_vf: 8,
    d_model: 8,
    d_ff: 8,
    num_layers: 1,
    num_heads: 2,
    rm_num_slots: 2,
    rm_num_heads: 2,
    max_seq_length: 8,
  },
  decoding: { beams: 2, trigram_penalty: 1.386, max_tokens: 7 },
};

export const images = (count: number): tf.Tensor4D => scope(() => tf.sigmoid(normal(key(11), [count, 16, 16, 1])) as tf.Tensor4D);

/** Texts of so many tokens each; 0: none. */
export function texts(lengths: readonly number[], seed: number): TextTensors {
  const L = 6;
  const flat = lengths.flatMap((length, b) => Array.from({ length: L }, (_, t) => (t < length ? 2 + ((seed + 7 * b + 3 * t) % 18) : 0)));
  const mask = lengths.flatMap((length) => Array.from({ length: L }, (_, t) => Number(t < length)));
  return { ids: tf.tensor2d(flat, [lengths.length, L], 'int32'), mask: tf.tensor2d(mask, [lengths.length, L], 'int32') };
}

/** A built-in recipe with networks and studies of the smallest size. */
export async function tinyRecipe(steps: { readonly alignment: number; readonly writer: number }): Promise<SeiRecipe> {
  const recipe = await loadSeiRecipe('small');
  const { image, text, output_dim } = alignmentConfig;
  const { model_type: _, vocab_size: __, d_vf: ___, ...decoder } = writerConfig.decoder;
  const trained = <P extends SeiRecipe['alignment' | 'writer']>(part: P, stage: 'alignment' | 'writer'): P => ({
    ...part,
    optimisation: { ...part.optimisation, steps: steps[stage], batch_size: 8 },
  });
  return {
    ...recipe,
    image,
    text: { ...text, max_position_embeddings: 32 },
    output_dim,
    vocabulary_size: 400,
    alignment: trained(recipe.alignment, 'alignment'),
    cases: 3,
    writer: {
      ...trained(recipe.writer, 'writer'),
      fusion: writerConfig.fusion,
      decoder: { ...decoder, max_seq_length: 16 },
    },
    decoding: { beams: 2, trigram_penalty: 1.386, max_tokens: 15 },
    phantom: { train: 40, val: 4, test: 10 },
    run: { checkpoint_every: 2 },
  };
}

/** Language models of a few parameters. */

import * as tf from '@tensorflow/tfjs-core';
import { initGpt2, initLlama, type LanguageModel, languageModel } from 'roentgen-lab/decoders';
import { key, scope } from 'roentgen-lab/engine';
import { causalScores, tokenPositions } from '#decoders/masks';

const small = {
  vocab_size: 20,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 16,
  initializer_range: 0.5,
};
export const llamaConfig = { model_type: 'llama', ...small } as const;
const mistralConfig = { model_type: 'mistral', sliding_window: 3, ...small } as const;
export const gpt2Config = {
  model_type: 'gpt2',
  vocab_size: 20,
  n_positions: 16,
  n_embd: 8,
  n_layer: 2,
  n_head: 2,
  initializer_range: 0.5,
} as const;

export const models = (): LanguageModel[] => [
  languageModel(llamaConfig, initLlama(llamaConfig, key(1))),
  languageModel(mistralConfig, initLlama(mistralConfig, key(1))),
  languageModel(gpt2Config, initGpt2(gpt2Config, key(2))),
];

/** Logits of the last token of a row, without padding and without anything kept. */
export function lastLogits(model: LanguageModel, row: readonly number[]): Float32Array {
  return scope(() => {
    const { logits } = model.forward(model.params, {
      ids: tf.tensor2d([...row], [1, row.length], 'int32'),
      positions: tf.tensor2d(tokenPositions([row.map(() => 1)]).flat(), [1, row.length], 'int32'),
      scores: causalScores({ mask: [row.map(() => 1)], from: 0, length: row.length, window: model.facts.window }),
    });
    return logits.dataSync().slice(-model.facts.vocabulary) as Float32Array;
  });
}

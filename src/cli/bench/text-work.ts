/** Texts to contexts by a text encoder, from tokens. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { initTextEncoder, type TextEncoderConfig, type TextEncoderParams } from '../../encoders';
import { loadTextEncoderModel, saveTextEncoder, textEncoderFacts, textStates } from '../../encoders/internal';
import { compileNetwork, dispose, type Key, key, randomInts, split } from '../../engine';
import { readInputs, writeInputs } from './inputs';
import type { Kind } from './kind';
import { FIRST_VALUES } from './unet-work';

export interface TextSettings {
  readonly config: TextEncoderConfig;
  readonly texts: number;
  /** Tokens of the longest text; the others, half as long or more, are padded. */
  readonly tokens: number;
}

export const textEncoding: Kind<TextSettings> = {
  async write(folder, { config, texts, tokens }) {
    const [weights, words] = split(key(0)) as [Key, Key];
    const params = initTextEncoder(config, weights);
    await saveTextEncoder(join(folder, 'text_encoder'), { config, params });
    dispose(params);
    const lengths = Array.from({ length: texts }, (_, i) => tokens - Math.floor((i / texts) * (tokens / 2)));
    const mask = Int32Array.from({ length: texts * tokens }, (_, i) => (i % tokens < lengths[Math.floor(i / tokens)]! ? 1 : 0));
    const ids = randomInts(words, texts * tokens, 0, textEncoderFacts(config).vocabulary).map((id, i) => (mask[i] ? id : 0));
    await writeInputs(folder, { ids: tf.tensor2d(ids, [texts, tokens], 'int32'), mask: tf.tensor2d(mask, [texts, tokens], 'int32') });
  },
  async start(folder) {
    const { config, params } = await loadTextEncoderModel(join(folder, 'text_encoder'));
    const { ids, mask } = await readInputs<{ ids: tf.Tensor2D; mask: tf.Tensor2D }>(folder);
    const network = compileNetwork((weights: TextEncoderParams, words: tf.Tensor2D, real: tf.Tensor2D) =>
      textStates(config, weights, words, real),
    );
    return () => {
      const states = network(params, ids, mask);
      const values = states.context.dataSync().slice(0, FIRST_VALUES);
      dispose(states);
      return [...values];
    };
  },
};

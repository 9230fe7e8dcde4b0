/** Images from texts: noise, guided steps and decoding. */

import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { initTextEncoder, type TextEncoderConfig } from '../../encoders';
import { type Key, key, normal, split } from '../../engine';
import { disposeModel, loadModel, type Model, saveModel, textToImage } from '../../pipelines';
import type { SchedulerConfig } from '../../schedulers';
import { trainBpe } from '../../tokenizers';
import { initUNet, type UNetConfig } from '../../unet';
import type { VaeConfig } from '../../vae';
import { initVae } from '../../vae/internal';
import { readInputs, writeInputs } from './inputs';
import type { Kind } from './kind';
import { FIRST_VALUES } from './unet-work';

export interface SamplingSettings {
  readonly unet: UNetConfig;
  readonly vae: VaeConfig;
  readonly textEncoder: TextEncoderConfig & { readonly max_position_embeddings: number };
  readonly scheduler: SchedulerConfig;
  readonly prompts: readonly string[];
  readonly steps: number;
  readonly guidance: number;
}

export const sampling: Kind<SamplingSettings> = {
  async write(folder, { unet, vae, textEncoder, scheduler, prompts }) {
    const [first, second, third, noise] = split(key(0), 4) as [Key, Key, Key, Key];
    const model: Model = {
      unet: { config: unet, params: initUNet(unet, first) },
      vae: { config: vae, params: initVae(vae, second) },
      textEncoder: { config: textEncoder, params: initTextEncoder(textEncoder, third) },
      tokenizer: trainBpe(prompts, { vocabularySize: 600, maxLength: textEncoder.max_position_embeddings }),
      schedulerConfig: scheduler,
    };
    await saveModel(model, join(folder, 'model'));
    disposeModel(model);
    await writeInputs(folder, { latents: normal(noise, [prompts.length, unet.sample_size!, unet.sample_size!, unet.in_channels!]) });
  },
  async start(folder, { prompts, steps, guidance }) {
    const model = await loadModel(join(folder, 'model'));
    const { latents } = await readInputs<{ latents: tf.Tensor4D }>(folder);
    return async () => {
      const [image] = await textToImage(model, { prompts, steps, guidance, latents });
      return [...image!.pixels.subarray(0, FIRST_VALUES)];
    };
  },
};

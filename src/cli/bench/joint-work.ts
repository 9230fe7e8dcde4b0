/** A step in which U-Net and text encoder train together, as a recipe does it: clipping and moving average included. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { initTextEncoder, type TextEncoderConfig } from '../../encoders';
import { loadTextEncoderModel, saveTextEncoder, textEncoderFacts } from '../../encoders/internal';
import { dispose, type Key, key, randomInts, split } from '../../engine';
import { normalArray } from '../../engine/internal';
import { noiseTables, type SchedulerConfig } from '../../schedulers';
import { type DiffusionBatch, type DiffusionParams, diffusionBatch, diffusionLoss, type Optimisation } from '../../training';
import { initUNet, loadUNet, type UNetConfig } from '../../unet';
import { saveUNet } from '../../unet/internal';
import { readInputs, writeInputs } from './inputs';
import type { Kind } from './kind';
import { trainingStep } from './training-step';

export interface JointSettings {
  readonly unet: UNetConfig;
  readonly textEncoder: TextEncoderConfig;
  /** Tokens of a text. */
  readonly tokens: number;
  readonly scheduler: SchedulerConfig;
  readonly optimisation: Optimisation;
}

export const jointTraining: Kind<JointSettings> = {
  async write(folder, { unet, textEncoder, tokens, scheduler, optimisation }) {
    const [first, second, clean, noise, drawn] = split(key(0), 5) as [Key, Key, Key, Key, Key];
    const [net, encoder] = [initUNet(unet, first), initTextEncoder(textEncoder, second)];
    await saveUNet(join(folder, 'unet'), { config: unet, params: net });
    await saveTextEncoder(join(folder, 'text_encoder'), { config: textEncoder, params: encoder });
    dispose(net, encoder);
    const shape = [optimisation.batch_size, unet.sample_size!, unet.sample_size!, unet.in_channels!] as const;
    const [batch] = shape;
    const tables = noiseTables(scheduler);
    const [times, words] = split(drawn) as [Key, Key];
    const { weights, ...inputs } = diffusionBatch(
      tables,
      {},
      {
        x0: normalArray(clean, tf.util.sizeFromShape([...shape])),
        shape,
        timesteps: randomInts(times, batch, 0, tables.numTrainTimesteps),
        texts: {
          ids: tf.tensor2d(randomInts(words, batch * tokens, 0, textEncoderFacts(textEncoder).vocabulary), [batch, tokens], 'int32'),
        },
        noise,
      },
    );
    weights.dispose(); // all are 1
    await writeInputs(folder, inputs as Record<string, tf.Tensor>);
  },
  async start(folder, { scheduler, optimisation }) {
    const unet = await loadUNet(join(folder, 'unet'));
    const textEncoder = await loadTextEncoderModel(join(folder, 'text_encoder'));
    const { predictionType } = noiseTables(scheduler);
    const configs = { unet: unet.config, textEncoder: textEncoder.config, predictionType };
    const params: DiffusionParams = { unet: unet.params, textEncoder: textEncoder.params };
    const inputs = await readInputs<Omit<DiffusionBatch, 'weights'>>(folder);
    const batch = { ...inputs, weights: tf.ones([optimisation.batch_size]) } as DiffusionBatch;
    const step = trainingStep(
      { params, frozen: {} },
      (trained, images: DiffusionBatch) => diffusionLoss(configs, trained, images),
      optimisation,
    );
    return () => [step(batch)];
  },
};

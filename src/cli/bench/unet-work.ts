/** The U-Net alone: its output, and a step of its training. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, type Key, key, normal, randomInts, scope, split } from '../../engine';
import type { Optimisation } from '../../training';
import { initUNet, loadUNet, type UNetConfig, unet } from '../../unet';
import { saveUNet } from '../../unet/internal';
import { readInputs, writeInputs } from './inputs';
import type { Kind } from './kind';
import { trainingStep } from './training-step';

export interface UNetSettings {
  readonly config: UNetConfig;
  /** Images; their side is the config's sample_size. */
  readonly batch: number;
  /** Tokens of the context. */
  readonly tokens: number;
}

export interface UNetTrainingSettings extends UNetSettings {
  readonly checkpointing: boolean;
  readonly optimisation: Optimisation;
}

type Inputs = {
  readonly x: tf.Tensor4D;
  readonly timesteps: tf.Tensor1D;
  readonly context: tf.Tensor3D;
  readonly target: tf.Tensor4D;
};

async function write(folder: string, { config, batch, tokens }: UNetSettings): Promise<void> {
  const [weights, x, time, context, target] = split(key(0), 5) as [Key, Key, Key, Key, Key];
  const params = initUNet(config, weights);
  await saveUNet(join(folder, 'unet'), { config, params });
  dispose(params);
  const shape = [batch, config.sample_size!, config.sample_size!, config.in_channels!] as const;
  await writeInputs(folder, {
    x: normal(x, [...shape]),
    timesteps: tf.tensor1d(Float32Array.from(randomInts(time, batch, 0, 1000))),
    context: normal(context, [batch, tokens, config.cross_attention_dim!]),
    target: normal(target, [...shape]),
  });
}

/** How many values of an output are compared. */
export const FIRST_VALUES = 64;

export const unetForward: Kind<UNetSettings> = {
  write,
  async start(folder) {
    const { config, params } = await loadUNet(join(folder, 'unet'));
    const { x, timesteps, context } = await readInputs<Inputs>(folder);
    const network = compileNetwork((weights: typeof params, latents: tf.Tensor4D, t: tf.Tensor1D, texts: tf.Tensor3D) =>
      unet(config, weights, latents, t, texts),
    );
    return () => {
      const output = network(params, x, timesteps, context);
      const values = output.dataSync().slice(0, FIRST_VALUES);
      output.dispose();
      return [...values];
    };
  },
};

export const unetTraining: Kind<UNetTrainingSettings> = {
  write,
  async start(folder, { checkpointing, optimisation }) {
    const { config, params } = await loadUNet(join(folder, 'unet'));
    const inputs = await readInputs<Inputs>(folder);
    const step = trainingStep(
      { params, frozen: {} },
      (weights, { x, timesteps, context, target }: Inputs) =>
        scope(() => tf.mean(tf.squaredDifference(unet(config, weights, x, timesteps, context, { checkpointing }), target)) as tf.Scalar),
      optimisation,
    );
    return () => [step(inputs)];
  },
};

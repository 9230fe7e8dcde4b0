/** A step of the autoencoder's training: alone, and with a perceptual term and a discriminator of patches. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, foldIn, type Key, key, normal, scope, split } from '../../engine';
import { loadParameters, saveParameters } from '../../files/internal';
import { type ClassifierConfig, perceptualNetwork } from '../../metrics';
import { initClassifier, loadClassifier, saveClassifier } from '../../metrics/internal';
import type { Optimisation, VaeLossWeights } from '../../training';
import {
  initPatchDiscriminator,
  type PatchDiscriminatorParams,
  patchDiscriminatorShapes,
  type VaeBatch,
  vaeTrainingLoss,
} from '../../training/internal';
import { decode, encode, loadVae, samplePosterior, type VaeConfig, type VaeModel } from '../../vae';
import { completeVaeConfig, initVae, klDivergence, saveVae, vaeFactor } from '../../vae/internal';
import { readInputs, writeInputs } from './inputs';
import type { Kind } from './kind';
import { trainingStep } from './training-step';

export interface VaeSettings {
  readonly config: VaeConfig;
  /** Side of the images, pixels. */
  readonly size: number;
  readonly optimisation: Optimisation;
}

export interface AdversarialVaeSettings extends VaeSettings {
  readonly weights: VaeLossWeights;
  /** Of the network in whose features images are compared. */
  readonly classifier: ClassifierConfig;
}

export type VaeInputs = { readonly images: tf.Tensor4D; readonly noise: tf.Tensor4D };

/** Where the autoencoder lies in a work's folder. */
export const vaeFolder = (folder: string): string => join(folder, 'vae');

/** Writes an autoencoder with random weights. */
export async function writeVae(folder: string, config: VaeConfig): Promise<void> {
  const params = initVae(config, key(0));
  await saveVae(vaeFolder(folder), { config, params });
  dispose(params);
}

async function write(folder: string, { config, size, optimisation: { batch_size: batch } }: VaeSettings): Promise<void> {
  await writeVae(folder, config);
  const [x, noise] = split(key(1)) as [Key, Key];
  const { in_channels: channels, latent_channels: latents } = completeVaeConfig(config);
  const side = size / vaeFactor(config);
  await writeInputs(folder, { images: normal(x, [batch, size, size, channels]), noise: normal(noise, [batch, side, side, latents]) });
}

/** What the KL divergence weighs beside the mean squared error, as Stable Diffusion's autoencoder was trained. */
const KL_WEIGHT = 1e-6;

/** A step on reconstruction and KL divergence; the model's weights are the step's from now on. */
export function vaeStep({ config, params }: VaeModel, optimisation: Optimisation): (batch: VaeInputs) => number {
  return trainingStep(
    { params, frozen: {} },
    (weights, { images, noise }: VaeInputs) =>
      scope(() => {
        const posterior = encode(config, weights, images);
        const error = tf.mean(tf.squaredDifference(decode(config, weights, samplePosterior(posterior, noise)), images));
        return tf.add(error, tf.mul(tf.mean(klDivergence(posterior)), KL_WEIGHT)) as tf.Scalar;
      }),
    optimisation,
  );
}

export const vaeTraining: Kind<VaeSettings> = {
  write,
  async start(folder, { optimisation }) {
    const step = vaeStep(await loadVae(vaeFolder(folder)), optimisation);
    const inputs = await readInputs<VaeInputs>(folder);
    return () => [step(inputs)];
  },
};

export const adversarialVaeTraining: Kind<AdversarialVaeSettings> = {
  async write(folder, settings) {
    await write(folder, settings);
    const [first, second] = split(foldIn(key(0), 1)) as [Key, Key];
    const classifier = { config: settings.classifier, params: initClassifier(settings.classifier, first) };
    const discriminator = initPatchDiscriminator(completeVaeConfig(settings.config).in_channels, second);
    await saveClassifier(join(folder, 'classifier'), classifier);
    await saveParameters(join(folder, 'discriminator'), 'model', discriminator);
    dispose(classifier.params, discriminator);
  },
  async start(folder, { optimisation, weights }) {
    const { config, params: vae } = await loadVae(vaeFolder(folder));
    const discriminator = await loadParameters<PatchDiscriminatorParams>(join(folder, 'discriminator'), {
      file: 'model',
      expected: patchDiscriminatorShapes(completeVaeConfig(config).in_channels),
    });
    const network = perceptualNetwork(await loadClassifier(join(folder, 'classifier')));
    const step = trainingStep(
      { params: { vae, discriminator }, frozen: { perceptual: network.params } },
      (trained, images: VaeBatch, { perceptual }) =>
        vaeTrainingLoss(config, weights, trained, images, { network, params: perceptual }, false),
      optimisation,
    );
    const inputs = await readInputs<VaeInputs>(folder);
    const batch: VaeBatch = { ...inputs, adversarial: tf.scalar(weights.adversarial!.weight) };
    return () => [step(batch)];
  },
};

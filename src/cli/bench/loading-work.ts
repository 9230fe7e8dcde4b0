/** Images from a folder: reading them, and an autoencoder's training on them with and without that. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadPixels, openFolder } from '../../datasets';
import { dispose, foldIn, key, normal, uniformArray } from '../../engine';
import { writePng } from '../../files';
import { loadVae } from '../../vae';
import { completeVaeConfig, vaeFactor } from '../../vae/internal';
import type { Kind } from './kind';
import { type VaeInputs, type VaeSettings, vaeFolder, vaeStep, writeVae } from './vae-work';

export interface LoadingSettings {
  readonly images: number;
  /** Side of the images in their files, and that at which they are read, pixels. */
  readonly fileSize: number;
  readonly size: number;
}

export interface LoadedTrainingSettings extends LoadingSettings, VaeSettings {
  /** How often each image is trained on. */
  readonly passes: number;
}

const TABLE = 'images.csv';
const imagesFolder = (folder: string): string => join(folder, 'images');

/** Grey images with the noise that makes radiographs compress badly. */
async function writeImages(folder: string, { images, fileSize }: LoadingSettings): Promise<void> {
  await mkdir(imagesFolder(folder), { recursive: true });
  const lines = ['image,text'];
  for (let i = 0; i < images; i++) {
    const noise = uniformArray(foldIn(key(2), i), fileSize * fileSize);
    const data = Uint8Array.from(noise, (u, at) => 24 * u + (230 * (at % fileSize)) / fileSize);
    await writePng(join(imagesFolder(folder), `${i}.png`), { width: fileSize, height: fileSize, channels: 1, data });
    lines.push(`${i}.png,image ${i}`);
  }
  await writeFile(join(imagesFolder(folder), TABLE), `${lines.join('\n')}\n`);
}

/** The pixels, read anew: nothing is kept. */
async function readImages(folder: string, size: number): Promise<Float32Array> {
  const dataset = await openFolder({ folder: imagesFolder(folder), csv: TABLE, imageColumn: 'image', textColumn: 'text' });
  return loadPixels(dataset, size, { cache: false, onNote: () => undefined });
}

export const imageLoading: Kind<LoadingSettings> = {
  write: writeImages,
  async start(folder, { size }) {
    return async () => [...(await readImages(folder, size)).subarray(0, size)];
  },
};

/** @returns all passes over the pixels; it gives the last loss */
async function passesOver(folder: string, settings: LoadedTrainingSettings): Promise<(pixels: Float32Array) => number> {
  const { size, passes, images, optimisation } = settings;
  const batch = optimisation.batch_size;
  const model = await loadVae(vaeFolder(folder));
  const { latent_channels: latents } = completeVaeConfig(model.config);
  const side = size / vaeFactor(model.config);
  const step = vaeStep(model, optimisation);
  const noise = normal<tf.Rank.R4>(key(1), [batch, side, side, latents]);
  const values = batch * size * size;
  return (pixels) => {
    let loss = 0;
    for (let i = 0; i < (passes * images) / batch; i++) {
      const from = (i * values) % pixels.length;
      const inputs: VaeInputs = { images: tf.tensor4d(pixels.slice(from, from + values), [batch, size, size, 1]), noise };
      loss = step(inputs);
      dispose(inputs.images);
    }
    return loss;
  };
}

const writeBoth = async (folder: string, settings: LoadedTrainingSettings): Promise<void> => {
  await writeVae(folder, settings.config);
  await writeImages(folder, settings);
};

export const trainingFromDisk: Kind<LoadedTrainingSettings> = {
  write: writeBoth,
  async start(folder, settings) {
    const train = await passesOver(folder, settings);
    return async () => [train(await readImages(folder, settings.size))];
  },
};

export const trainingFromMemory: Kind<LoadedTrainingSettings> = {
  write: writeBoth,
  async start(folder, settings) {
    const train = await passesOver(folder, settings);
    const pixels = await readImages(folder, settings.size);
    return () => [train(pixels)];
  },
};

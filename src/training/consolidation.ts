/** What a diffusion model's weights matter for in a domain, for elastic weight consolidation. */

import * as tf from '@tensorflow/tfjs-core';
import { contextParts } from '../encoders/internal';
import { dispose, type Key, scope, split, type Tree } from '../engine';
import { merge, partition } from '../engine/internal';
import { rowsOf } from '../files';
import type { Model } from '../pipelines';
import { masksPadding } from '../pipelines/internal';
import { diagonalFisher } from '../probes';
import { noiseTables } from '../schedulers';
import { completeVaeConfig } from '../vae/internal';
import { encodeLatents, sampleLatents } from './latents';
import { type LeafValues, valuesOf } from './leaf-values';
import { type DiffusionBatch, type DiffusionParams, diffusionBatch, diffusionLoss, stratifiedTimesteps } from './losses/diffusion-loss';
import type { Preparation } from './strategies/strategy';

/** The weights that contexts and predictions depend on. */
function paramsOf({ unet, textEncoder, textProjection }: Model): DiffusionParams {
  return {
    unet: unet.params,
    textEncoder: contextParts(textEncoder.params).used,
    ...(textProjection && { projection: textProjection.params }),
  };
}

/** The weights that a strategy trains, as they are. */
export const trainedValues = (model: Model, trains: (path: string) => boolean): LeafValues =>
  valuesOf(partition(paramsOf(model), trains)[0]);

/**
 * The diagonal of the empirical Fisher information of the weights that train, over images of a domain, each with one noise and one of evenly spread noise levels:
 * the loss is the negative log-likelihood of the target under a Gaussian, but for a factor, and the result is divided by its mean over all weights, in which
 * that cancels. λ then means the same for every model and loss.
 *
 * @throws RangeError where no weight matters; the signal's reason where it was raised
 */
export async function fisherImportance(
  { model, size, key, signal, onProgress }: Preparation,
  { pixels, texts }: { readonly pixels: Float32Array; readonly texts: readonly string[] },
  trains: (path: string) => boolean,
): Promise<LeafValues> {
  const tokenizer = model.tokenizer!;
  const latents = await encodeLatents(model, rowsOf(pixels, size * size), size, { ...(signal && { signal }) });
  const [times, noise, samples] = split(key, 3) as [Key, Key, Key];
  const tables = noiseTables(model.schedulerConfig);
  const count = texts.length;
  const timesteps = stratifiedTimesteps(times, count, tables.numTrainTimesteps);
  const noises = split(noise, count) as Key[];
  const { scaling_factor: factor } = completeVaeConfig(model.vae.config);
  const x0 = (
    await sampleLatents(
      latents,
      Int32Array.from({ length: count }, (_, i) => i),
      samples,
    )
  ).map((value) => value * factor);
  const area = tf.util.sizeFromShape([...latents.shape]);
  const masked = masksPadding(model);
  const configs = { unet: model.unet.config, textEncoder: model.textEncoder.config, predictionType: tables.predictionType };
  const [trained, fixed] = partition(paramsOf(model), trains);
  const example = (i: number): DiffusionBatch => {
    const { ids, mask } = tokenizer.encode(texts[i]!);
    const row = (values: Int32Array): tf.Tensor2D => tf.tensor2d(values, [1, tokenizer.maxLength], 'int32');
    return diffusionBatch(
      tables,
      {},
      {
        x0: x0.subarray(i * area, (i + 1) * area),
        shape: [1, ...latents.shape],
        timesteps: [timesteps[i]!],
        texts: { ids: row(ids), ...(masked && { mask: row(mask) }) },
        noise: noises[i]!,
      },
    );
  };
  const logLikelihood = (params: Tree, i: number): tf.Tensor1D =>
    scope(() => {
      signal?.throwIfAborted();
      onProgress?.(i, count, 'what weights matter for');
      const whole = merge<DiffusionParams>(fixed, params);
      return tf.reshape(tf.neg(diffusionLoss(configs, whole, example(i))), [1]);
    });
  const fisher = diagonalFisher(logLikelihood, trained, count, new Uint8Array(count));
  try {
    return ofMeanOne(valuesOf(fisher));
  } finally {
    dispose(fisher);
  }
}

function ofMeanOne(values: LeafValues): LeafValues {
  let [sum, count] = [0, 0];
  for (const { values: own } of Object.values(values)) {
    for (const value of own) sum += value;
    count += own.length;
  }
  if (!(sum > 0)) throw new RangeError('strategy ewc: no weight changes the loss on the old domain; give other data or another model');
  return Object.fromEntries(
    Object.entries(values).map(([path, { values: own, shape }]) => [path, { values: own.map((value) => (value * count) / sum), shape }]),
  );
}

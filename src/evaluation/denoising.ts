/** How well a model takes noise off images: far less noisy than anything measured on pictures that it makes, and seconds in place of minutes. */

import * as tf from '@tensorflow/tfjs-core';
import type { ImageRecord } from '../datasets';
import type { TextEncoderParams } from '../encoders';
import { textContext } from '../encoders/internal';
import { compileNetwork, dispose, foldIn, type Key, type Network, scope } from '../engine';
import type { Rows } from '../files';
import type { Model } from '../pipelines';
import { masksPadding, projectContext } from '../pipelines/internal';
import { noiseTables } from '../schedulers';
import { type DiffusionBatch, type DiffusionParams, diffusionBatch, diffusionTarget } from '../training';
import { encodeLatents, stratifiedTimesteps } from '../training/internal';
import { unet } from '../unet';
import { completeVaeConfig } from '../vae/internal';

/** Images as they are noised: the same noise and noise levels for every model that is compared. */
export interface NoisedSet {
  /** Clean latents in the diffusion model's scale, [n, h, w, C]. */
  readonly latents: Float32Array;
  readonly shape: readonly [number, number, number];
  readonly texts: readonly string[];
  /** The noise level of all images, 0 (clean) to the schedule's last step; where left out each has another one, spread evenly. */
  readonly timestep?: number;
  readonly key: Key;
}

/** Images at a time. */
export const BATCH: number = 16;

/** The first images of a set, as many as fill batches, encoded by the model's autoencoder. */
export async function noisedSet(model: Model, pixels: Rows, records: readonly ImageRecord[], size: number, key: Key): Promise<NoisedSet> {
  const { mean, shape } = await encodeLatents(model, pixels, size);
  const count = Math.floor(Math.min(pixels.length, records.length) / BATCH) * BATCH;
  if (count === 0) throw new RangeError(`noisedSet: expected at least ${BATCH} images, got ${records.length}`);
  const { scaling_factor: factor } = completeVaeConfig(model.vae.config);
  const latents = (await mean.read(Int32Array.from({ length: count }, (_, i) => i))).map((value) => value * factor);
  return { latents, shape, texts: records.slice(0, count).map(({ text }) => text), key };
}

/** Measures models of one architecture; `dispose` frees what was compiled. */
export interface Denoising {
  /**
   * The squared error of the model's prediction (of what its scheduler says: ε, v or x₀) for each image, averaged over its latent.
   *
   * @throws RangeError where an error is not finite
   */
  losses(model: Model, set: NoisedSet, signal?: AbortSignal): Float64Array;
  dispose(): void;
}

export function denoising(like: Model): Denoising {
  const { config } = like.unet;
  const { config: text } = like.textEncoder;
  const tables = noiseTables(like.schedulerConfig);
  const masked = masksPadding(like);
  const network: Network<DiffusionParams, [DiffusionBatch], tf.Tensor1D> = compileNetwork(
    (params: DiffusionParams, batch: DiffusionBatch) =>
      scope(() => {
        const { latents, noise, timesteps, signal, sigma, ids, mask } = batch;
        const noisy = tf.add(tf.mul(signal, latents), tf.mul(sigma, noise)) as tf.Tensor4D;
        const states = textContext(text, params.textEncoder as TextEncoderParams, ids!, text.use_attention_mask ? mask : undefined);
        const context = params.projection ? projectContext(params.projection, states) : states;
        const predicted = unet(config, params.unet, noisy, timesteps, context, { contextMask: config.mask_padding ? mask : undefined });
        return tf.mean(
          tf.squaredDifference(predicted, diffusionTarget(latents, noise, signal, sigma, tables.predictionType)),
          [1, 2, 3],
        ) as tf.Tensor1D;
      }),
  );
  return {
    losses(model, { latents, shape, texts, timestep, key }, signal) {
      const size = tf.util.sizeFromShape([...shape]);
      const out = new Float64Array(texts.length);
      const params: DiffusionParams = {
        unet: model.unet.params,
        textEncoder: model.textEncoder.params,
        ...(model.textProjection && { projection: model.textProjection.params }),
      };
      for (let from = 0; from < texts.length; from += BATCH) {
        signal?.throwIfAborted();
        const { ids, mask } = model.tokenizer!.encodeBatch(texts.slice(from, from + BATCH));
        const rows = (values: Int32Array): tf.Tensor2D => tf.tensor2d(values, [BATCH, model.tokenizer!.maxLength], 'int32');
        const inputs = diffusionBatch(
          tables,
          {},
          {
            x0: latents.subarray(from * size, (from + BATCH) * size),
            shape: [BATCH, ...shape],
            timesteps:
              timestep === undefined
                ? stratifiedTimesteps(foldIn(key, 2 * from), BATCH, tables.numTrainTimesteps)
                : new Int32Array(BATCH).fill(timestep),
            texts: { ids: rows(ids), ...(masked && { mask: rows(mask) }) },
            noise: foldIn(key, 2 * from + 1),
          },
        );
        const errors = network(params, inputs);
        out.set(errors.dataSync(), from);
        dispose(inputs, errors);
      }
      const bad = out.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) throw new RangeError(`denoising: the error of image ${bad} is ${out[bad]}`);
      return out;
    },
    dispose: () => network.dispose(),
  };
}

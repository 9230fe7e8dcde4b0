/** Training the parts of a model in place: what a notebook's cell calls. */

import { createHash } from 'node:crypto';
import { initClipText } from '../encoders';
import { cloneTree, dispose, flatten, type Key, split, type Tree } from '../engine';
import { checkModel, disposeModel, type Model } from '../pipelines';
import type { Tokenizer } from '../tokenizers';
import { initUNet } from '../unet';
import { initVae, type VaeParams } from '../vae';
import { type DiffusionParams, trainDiffusion } from './diffusion';
import { encodeLatents, foldStatistics, latentStatistics } from './latents';
import type { Recipe } from './recipe';
import type { StepLog } from './step-log';
import { trainVae } from './vae';

/** What both trainings take. */
export interface FitOptions {
  readonly key: Key;
  readonly signal?: AbortSignal;
  /** Called after every step; `update()` puts the present (averaged) weights into the model, to look at its pictures. */
  readonly onStep?: (log: StepLog, update: () => void) => void | Promise<void>;
  /** A folder for the checkpoint: the same training, interrupted and called again, goes on from it. */
  readonly checkpoint?: string;
}

/** How a training went. */
export interface FitResult {
  readonly log: readonly StepLog[];
  /** Whether a signal ended it before the last step. */
  readonly interrupted: boolean;
  readonly seconds: number;
}

/** Names a training by all that it depends on, so that a checkpoint is only taken up by the run that wrote it. */
function identityOf(key: Key, settings: unknown, start: Tree, pixels: Float32Array, texts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify([key, settings, texts]));
  hash.update(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
  for (const leaf of Object.values(flatten(start))) hash.update(leaf.dataSync() as Float32Array);
  return hash.digest('hex');
}

/** A model with random weights, of the recipe's shape; the caller disposes it (`disposeModel`). */
export function initModel(recipe: Recipe, tokenizer: Tokenizer, key: Key): Model {
  const [vaeKey, unetKey, textKey] = split(key, 3) as [Key, Key, Key];
  const text = {
    max_position_embeddings: tokenizer.maxLength,
    ...recipe.text_encoder.config,
    vocab_size: tokenizer.vocabularySize,
    pad_token_id: tokenizer.padId,
    ...(tokenizer.startId === undefined ? {} : { bos_token_id: tokenizer.startId }),
    ...(tokenizer.endId === undefined ? {} : { eos_token_id: tokenizer.endId }),
  };
  const model: Model = {
    unet: { config: recipe.unet, params: initUNet(recipe.unet, unetKey) },
    vae: { config: { ...recipe.vae.config, scaling_factor: 1 }, params: initVae(recipe.vae.config, vaeKey) },
    textEncoder: { config: text, params: initClipText(text, textKey, { tokenStd: recipe.text_encoder.token_std }) },
    tokenizer,
    schedulerConfig: recipe.scheduler,
  };
  try {
    checkModel(model, `recipe ${recipe.name}`);
  } catch (error) {
    disposeModel(model);
    throw error;
  }
  return model;
}

/** Puts parameters into the model and frees those that were there. */
function replaceDiffusion(model: Model, { unet, textEncoder }: DiffusionParams): void {
  const [oldUnet, oldText] = [model.unet.params, model.textEncoder.params];
  model.unet = { ...model.unet, params: unet };
  model.textEncoder = { ...model.textEncoder, params: textEncoder };
  dispose(oldUnet, oldText);
}

/**
 * Trains the model's autoencoder, then brings its latents to mean 0 and deviation 1 in each channel (`foldStatistics`) and stores their scale.
 *
 * @param pixels n grey images one after another, each `recipe.size` squared, 0 to 1
 */
export async function fitVae(model: Model, recipe: Recipe, pixels: Float32Array, options: FitOptions): Promise<FitResult> {
  const { onStep, key, signal, checkpoint } = options;
  const { size } = recipe;
  const result = await trainVae({
    config: model.vae.config,
    params: model.vae.params,
    pixels,
    size,
    weights: recipe.vae.weights,
    optimisation: recipe.vae.optimisation,
    key,
    ...(signal ? { signal } : {}),
    ...(checkpoint ? { checkpoint, identity: identityOf(key, recipe.vae, model.vae.params, pixels, []) } : {}),
    ...(onStep ? { onStep: (log, live) => onStep(log, () => setVae(model, live.averaged())) } : {}),
  });
  setVae(model, result.params);
  const some = pixels.subarray(0, Math.min(pixels.length, 1024 * size * size)); // enough for the moments of four channels
  const latents = await encodeLatents(model.vae.config, model.vae.params, some, size);
  setVae(model, foldStatistics(model.vae.params, latentStatistics(latents)));
  model.vae = { ...model.vae, config: { ...model.vae.config, scaling_factor: 1 } };
  return { log: result.log, interrupted: result.interrupted, seconds: result.seconds };
}

function setVae(model: Model, params: VaeParams): void {
  const before = model.vae.params;
  model.vae = { ...model.vae, params };
  dispose(before);
}

/**
 * Trains the model's U-Net and text encoder jointly; the autoencoder stays as it is.
 *
 * @param pixels as for `fitVae`
 * @param texts  one for each image; what is longer than the model's window is cut, and counted by `tokenizer.encodeBatch`
 */
export async function fitDiffusion(
  model: Model,
  recipe: Recipe,
  pixels: Float32Array,
  texts: readonly string[],
  options: FitOptions,
): Promise<FitResult> {
  const { onStep, key, signal, checkpoint } = options;
  const { tokenizer, vae, unet, textEncoder } = model;
  if (!tokenizer) throw new TypeError('fitDiffusion: the model has no tokenizer');
  const latents = await encodeLatents(vae.config, vae.params, pixels, recipe.size, {
    ...(signal ? { signal } : {}),
  });
  const params: DiffusionParams = cloneTree({ unet: unet.params, textEncoder: textEncoder.params });
  try {
    const result = await trainDiffusion({
      unet: unet.config,
      textEncoder: textEncoder.config,
      params,
      scheduler: model.schedulerConfig,
      latents,
      scalingFactor: vae.config.scaling_factor ?? 0.18215,
      tokens: { ids: tokenizer.encodeBatch(texts).ids, maxLength: tokenizer.maxLength, empty: tokenizer.encode('').ids },
      textDropout: recipe.diffusion.text_dropout,
      optimisation: recipe.diffusion.optimisation,
      key,
      ...(signal ? { signal } : {}),
      ...(checkpoint ? { checkpoint, identity: identityOf(key, recipe.diffusion, params, pixels, texts) } : {}),
      ...(onStep ? { onStep: (log, live) => onStep(log, () => replaceDiffusion(model, live.averaged())) } : {}),
    });
    replaceDiffusion(model, result.params);
    return { log: result.log, interrupted: result.interrupted, seconds: result.seconds };
  } finally {
    dispose(params);
  }
}

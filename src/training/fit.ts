/** Training the parts of a model in place: what a notebook's cell calls. */

import { createHash } from 'node:crypto';
import { contextParts, initTextEncoder, type TextEncoderConfig, textEncoderFacts } from '../encoders';
import { cloneTree, dispose, flatten, type Key, split, type Tree } from '../engine';
import { checkModel, disposeModel, type Model, type TrainablePart } from '../pipelines';
import type { Tokenizer } from '../tokenizers';
import { initUNet } from '../unet';
import { initVae, type VaeParams } from '../vae';
import { encodeContexts } from './contexts';
import { type DiffusionParams, type FrozenParts, type TokenSet, trainDiffusion } from './diffusion';
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
  const text = fitConfig(recipe.text_encoder.config, tokenizer);
  const model: Model = {
    unet: { config: recipe.unet, params: initUNet(recipe.unet, unetKey) },
    vae: { config: { ...recipe.vae.config, scaling_factor: 1 }, params: initVae(recipe.vae.config, vaeKey) },
    textEncoder: { config: text, params: initTextEncoder(text, textKey, { tokenStd: recipe.text_encoder.token_std }) },
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

/** A text encoder's config for a tokenizer: its ids and, where positions are learnt, its length. */
function fitConfig(config: TextEncoderConfig, tokenizer: Tokenizer): TextEncoderConfig {
  const { padId, startId, endId, maxLength, vocabularySize } = tokenizer;
  const { kind, masks } = textEncoderFacts(config);
  const positions = kind === 'RoBERTa' || kind === 'XLM-RoBERTa' ? maxLength + padId + 1 : maxLength;
  return {
    ...(kind === 'T5' ? {} : { max_position_embeddings: positions }),
    ...config,
    vocab_size: vocabularySize,
    pad_token_id: padId,
    ...(startId === undefined ? {} : { bos_token_id: startId }),
    ...(endId === undefined ? {} : { eos_token_id: endId }),
    ...(masks ? { use_attention_mask: true } : {}),
  } as TextEncoderConfig;
}

/** Puts parameters into the model and frees those that were there. */
function replaceDiffusion(model: Model, { unet, textEncoder, projection }: DiffusionParams): void {
  if (unet) {
    dispose(model.unet.params);
    model.unet = { ...model.unet, params: unet };
  }
  if (textEncoder) {
    const { used, rest } = contextParts(model.textEncoder.params);
    dispose(used);
    model.textEncoder = { ...model.textEncoder, params: { ...textEncoder, ...rest } };
  }
  if (projection) {
    dispose(model.textProjection?.params);
    model.textProjection = { ...model.textProjection!, params: projection };
  }
}

/** The model's parts, divided into those that train and those that stay; borrowed. */
function divide(model: Model, trains: readonly TrainablePart[]): { params: DiffusionParams; frozen: FrozenParts } {
  const has = (part: TrainablePart): boolean => trains.includes(part);
  const projection = model.textProjection?.params;
  if (has('projection') && !projection) throw new RangeError('fitDiffusion: trains: the model has no projection');
  if (trains.length === 0) throw new RangeError('fitDiffusion: trains: expected a part that trains: unet, textEncoder or projection');
  return {
    params: {
      ...(has('unet') ? { unet: model.unet.params } : {}),
      ...(has('textEncoder') ? { textEncoder: contextParts(model.textEncoder.params).used } : {}),
      ...(has('projection') && projection ? { projection } : {}),
    },
    frozen: {
      ...(has('unet') ? {} : { unet: model.unet.params }),
      ...(projection && !has('projection') ? { projection } : {}),
    },
  };
}

/** The texts as tokens, for an encoder that trains. */
function tokensOf(model: Model, tokenizer: Tokenizer, texts: readonly string[]): TokenSet {
  const [all, none] = [tokenizer.encodeBatch(texts), tokenizer.encode('')];
  const masked = model.textEncoder.config.use_attention_mask === true;
  return {
    ids: all.ids,
    maxLength: tokenizer.maxLength,
    empty: none.ids,
    ...(masked ? { mask: all.mask, emptyMask: none.mask } : {}),
  };
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

export interface FitDiffusionOptions extends FitOptions {
  /** What trains; by default U-Net, text encoder and, where there is one, projection. A frozen text encoder is run once for each distinct text. */
  readonly trains?: readonly TrainablePart[];
  /** A folder in which a frozen text encoder's contexts are kept for other runs. */
  readonly contextFolder?: string;
  /** Called while a frozen text encoder's contexts are computed. */
  readonly onEncoded?: (done: number, total: number) => void;
}

/**
 * Trains parts of the model, by default U-Net and text encoder jointly; the autoencoder stays as it is.
 *
 * @param pixels as for `fitVae`
 * @param texts  one for each image; what is longer than the model's window is cut, and counted by `tokenizer.encodeBatch`
 * @throws RangeError where `trains` names a part that the model has not
 */
export async function fitDiffusion(
  model: Model,
  recipe: Recipe,
  pixels: Float32Array,
  texts: readonly string[],
  options: FitDiffusionOptions,
): Promise<FitResult> {
  const { onStep, key, signal, checkpoint, contextFolder, onEncoded } = options;
  const { tokenizer, vae, unet, textEncoder } = model;
  if (!tokenizer) throw new TypeError('fitDiffusion: the model has no tokenizer');
  const trains = options.trains ?? ['unet', 'textEncoder', ...(model.textProjection ? (['projection'] as const) : [])];
  const divided = divide(model, trains);
  const latents = await encodeLatents(vae.config, vae.params, pixels, recipe.size, {
    ...(signal ? { signal } : {}),
  });
  const { params, frozen } = cloneTree(divided);
  try {
    const asTokens = trains.includes('textEncoder');
    const result = await trainDiffusion({
      unet: unet.config,
      textEncoder: textEncoder.config,
      params,
      frozen,
      scheduler: model.schedulerConfig,
      latents,
      scalingFactor: vae.config.scaling_factor ?? 0.18215,
      texts: asTokens
        ? tokensOf(model, tokenizer, texts)
        : await encodeContexts(textEncoder, tokenizer, texts, {
            ...(signal ? { signal } : {}),
            ...(contextFolder === undefined ? {} : { folder: contextFolder }),
            ...(onEncoded ? { onProgress: onEncoded } : {}),
          }),
      textDropout: recipe.diffusion.text_dropout,
      optimisation: recipe.diffusion.optimisation,
      key,
      ...(signal ? { signal } : {}),
      ...(checkpoint
        ? { checkpoint, identity: identityOf(key, recipe.diffusion, identityParts(model, trains, params), pixels, texts) }
        : {}),
      ...(onStep ? { onStep: (log, live) => onStep(log, () => replaceDiffusion(model, live.averaged())) } : {}),
    });
    replaceDiffusion(model, result.params);
    return { log: result.log, interrupted: result.interrupted, seconds: result.seconds };
  } finally {
    dispose(params, frozen);
  }
}

/** All weights that a training depends on: those that train first; where the text encoder is frozen, it and the other frozen parts too. */
function identityParts(model: Model, trains: readonly TrainablePart[], params: DiffusionParams): Tree {
  if (trains.includes('unet') && trains.includes('textEncoder')) return params;
  return { params, textEncoder: model.textEncoder.params, unet: model.unet.params, ...(model.textProjection?.params ?? {}) } as Tree;
}

/** Training the parts of a model in place: what a notebook's cell calls. */

import { contextParts } from '../encoders/internal';
import { cloneTree, countParameters, dispose, flatten, foldIn, type Key, type Tree } from '../engine';
import { leaderFirst, precision, tellWait } from '../engine/internal';
import { type Rows, rowsOf } from '../files';
import { readRange } from '../files/internal';
import type { PerceptualNetwork } from '../metrics';
import type { Model, TrainablePart } from '../pipelines';
import { expectWeights, masksPadding } from '../pipelines/internal';
import type { Tokenizer } from '../tokenizers';
import type { CutTexts, DiffusionParams, Optimisation, StepLog } from '../training';
import {
  countCut,
  encodeContexts,
  encodeLatents,
  encodeMoments,
  foldStatistics,
  latentStatistics,
  strategyOf,
  type TokenSet,
  trainDiffusion,
  trainVae,
} from '../training/internal';
import type { UNetConfig } from '../unet';
import { completeUNetConfig } from '../unet/internal';
import type { VaeParams } from '../vae';
import { completeVaeConfig } from '../vae/internal';
import type { Recipe } from './recipe';
import { type CheckpointPlace, remember, type Sitting, sayStopped, sit } from './sittings';
import { trainingSet } from './training-set';

/** What both trainings take. */
export interface FitOptions {
  readonly key: Key;
  readonly signal?: AbortSignal;
  /** Called after every step; `update()` puts the present (averaged) weights into the model, to look at its images. */
  readonly onStep?: (log: StepLog, update: () => void) => void | Promise<void>;
  /** Called once before the first step with the steps of earlier sittings. */
  readonly onStart?: (log: readonly StepLog[]) => void | Promise<void>;
  /**
   * A folder for checkpoints: the same training, interrupted and called again, goes on from the newest, on the model in which it left its weights and on one
   * that is made again as it was. Or more exactly where, how often and which.
   */
  readonly checkpoint?: CheckpointPlace;
}

/** Images in an array as rows. */
const asRows = (images: Float32Array | Rows, size: number): Rows => (images instanceof Float32Array ? rowsOf(images, size * size) : images);

/** How a training went. */
export interface FitResult {
  readonly log: readonly StepLog[];
  /** Whether a signal ended it before the last step. */
  readonly interrupted: boolean;
  /** Where it was interrupted: at which step, what was kept, and how it goes on. A progress bar around the call shows it (`withProgress`). */
  readonly stopped?: string;
  /** Of the steps, the first with compiling; without encoding before them, and without what `onStep` took. */
  readonly seconds: number;
  /** Values that trained. */
  readonly trained: number;
}

/** The child of a training's key that its preparation draws from. */
const PREPARING = 1000;

/** Puts parameters into the model and frees those that were there. */
function replaceDiffusion(model: Model, { unet, textEncoder, projection }: DiffusionParams): void {
  const before: Tree[] = [model.unet.params];
  model.unet = { ...model.unet, params: unet };
  if (textEncoder) {
    const { used, rest: unused } = contextParts(model.textEncoder.params);
    before.push(used);
    model.textEncoder = { ...model.textEncoder, params: { ...textEncoder, ...unused } };
  }
  if (projection) {
    before.push(model.textProjection!.params);
    model.textProjection = { ...model.textProjection!, params: projection };
  }
  dispose(...before);
}

/** How a part of a recipe is optimised, with its precision. */
export function optimisationOf(recipe: Recipe, part: 'vae' | 'diffusion'): Optimisation {
  const { optimisation } = recipe[part];
  return { ...optimisation, precision: optimisation.precision ?? recipe.precision ?? precision() };
}

/** What tells trainings from one another beside their parts of the recipe: nothing for float32, so that older checkpoints are gone on from. */
const precisionOf = ({ precision }: Optimisation): string[] => (precision === 'float32' ? [] : [precision!]);

/** The texts as tokens, for an encoder that trains. */
export function tokensOf(model: Model, tokenizer: Tokenizer, texts: readonly string[]): TokenSet {
  const [all, none] = [tokenizer.encodeBatch(texts), tokenizer.encode('')];
  const masked = masksPadding(model);
  return {
    ids: all.ids,
    maxLength: tokenizer.maxLength,
    cut: countCut(all.lostTokens),
    empty: none.ids,
    mask: masked ? all.mask : undefined,
    emptyMask: masked ? none.mask : undefined,
  };
}

export interface FitVaeOptions extends FitOptions {
  /** In whose features images are compared, where the recipe's `vae.weights.perceptual` says how much (metrics: `perceptualNetwork`). */
  readonly perceptual?: PerceptualNetwork;
}

/**
 * Trains the model's autoencoder, then brings its latents to mean 0 and standard deviation 1 in each channel (`foldStatistics`) and stores their scale.
 *
 * @param images n grey images one after another, each `recipe.size` squared, 0 to 1; or rows of them that need not fit into memory (`pixelRows`). Changed copies
 *   of them are made here, where the recipe asks for some (`data.augmentation`)
 */
export async function fitVae(model: Model, recipe: Recipe, images: Float32Array | Rows, options: FitVaeOptions): Promise<FitResult> {
  expectWeights(model, 'fitVae');
  const { onStep, onStart, key, signal, checkpoint } = options;
  const { size } = recipe;
  const optimisation = optimisationOf(recipe, 'vae');
  const data = trainingSet(recipe, asRows(images, size), [], key);
  const { pixels } = data;
  const start = (): Tree => model.vae.params;
  const sitting = await sit(
    model,
    { part: 'autoencoder', checkpoint, settings: [key, recipe.vae, ...precisionOf(optimisation)], data },
    () => data,
    start,
  );
  const result = await trainVae({
    config: model.vae.config,
    params: model.vae.params,
    pixels,
    size,
    weights: recipe.vae.weights,
    perceptual: options.perceptual,
    optimisation,
    key,
    signal,
    checkpointing: recipe.vae.checkpointing ?? false,
    flip: recipe.vae.flip ?? 0,
    ...(recipe.vae.crop === undefined ? {} : { crop: recipe.vae.crop }),
    checkpoints: sitting.kept?.checkpoints,
    onStart,
    onStep:
      onStep &&
      ((log, averaged) =>
        onStep(log, () => {
          setVae(model, averaged());
          remember(model, sitting, start());
        })),
  });
  setVae(model, result.params);
  const some = await readRange(pixels, 0, Math.min(pixels.length, 1024)); // enough for the moments of four channels
  // No signal: the interrupt that ended the training must not end this, without which the autoencoder could not be used.
  const latents = await encodeMoments(model, some, size, {
    onProgress: (done, total) => tellWait('encoding images', done, total),
  });
  const { latent_channels } = completeVaeConfig(model.vae.config);
  setVae(model, foldStatistics(model.vae.params, latentStatistics(latents, latent_channels)));
  model.vae = { ...model.vae, config: { ...model.vae.config, scaling_factor: 1 } };
  remember(model, sitting, start(), !result.interrupted);
  return fitted(result, countParameters(model.vae.params), sitting, optimisation.steps);
}

/** What is told of a training. */
function fitted({ log, interrupted, seconds }: Omit<FitResult, 'trained'>, trained: number, sitting: Sitting, steps: number): FitResult {
  return { log, interrupted, seconds, trained, ...(interrupted ? { stopped: sayStopped(sitting, log.length, steps) } : {}) };
}

function setVae(model: Model, params: VaeParams): void {
  const before = model.vae.params;
  model.vae = { ...model.vae, params };
  dispose(before);
}

export interface FitDiffusionOptions extends FitOptions {
  /** Called while the strategy prepares, as when it has the model make images first. */
  readonly onPrepare?: (done: number, total: number, what: string) => void;
  /** What trains in place of what the recipe's strategy says: whole parts, as `swapTextEncoder` names them. */
  readonly trains?: readonly TrainablePart[];
  /**
   * The model's own weights go into the training in place of a copy, so that a large model is in memory once. Until `fitDiffusion` returns, and where
   * it throws, the model has no weights; `update()` in `onStep` gives it a copy again.
   */
  readonly handOver?: boolean;
  /** A folder in which a frozen text encoder's contexts are kept for other runs; they then take no memory. */
  readonly contextFolder?: string;
  /** A folder in which images' latents are kept for other runs with the same autoencoder; they then take no memory. */
  readonly latentFolder?: string;
  /**
   * For a U-Net that takes an image's latents beside the noisy ones: the image that each of these came from, as `images`. Without them such a U-Net sees zeros there.
   */
  readonly originals?: Rows;
  /** Called once before training with how many of the texts are cut, by the tokenizer that the strategy trains with. */
  readonly onTexts?: (cut: CutTexts) => void;
  /** Called while a frozen text encoder's contexts are computed, once for each distinct text. */
  readonly onEncoded?: (done: number, total: number) => void;
}

/** Whether the U-Net takes as many channels again as it predicts: the latents of an image to edit. */
function editsImages(config: UNetConfig): boolean {
  const { in_channels, out_channels } = completeUNetConfig(config);
  return in_channels === 2 * out_channels;
}

/** Whether a leaf trains by the names of whole parts. @throws RangeError where the model has no such part */
function byParts(model: Model, parts: readonly TrainablePart[]): (path: string) => boolean {
  if (parts.includes('projection') && !model.textProjection) throw new RangeError('fitDiffusion: trains: the model has no projection');
  if (parts.length === 0) throw new RangeError('fitDiffusion: trains: expected a part that trains: unet, textEncoder or projection');
  return (path) => parts.some((part) => path.startsWith(`${part}.`));
}

/**
 * Trains the model by the recipe's strategy, U-Net, text encoder and, where there is one, projection jointly where it names none; the autoencoder
 * stays as it is, and a text encoder that stays as it is runs once for each distinct text.
 *
 * The strategy may change the model first (`Strategy.prepare`); ask the model afterwards with `strategyOf(recipe.diffusion.strategy).prompt`, and
 * write it with `saveAdapted`.
 *
 * @param images as for `fitVae`
 * @param texts  one for each image; what is longer than the model's window is cut, and counted (`onTexts`)
 * @throws RangeError where `trains` names a part that the model has not, or the U-Net does not take what is there
 */
export async function fitDiffusion(
  model: Model,
  recipe: Recipe,
  images: Float32Array | Rows,
  texts: readonly string[],
  options: FitDiffusionOptions,
): Promise<FitResult> {
  expectWeights(model, 'fitDiffusion');
  const {
    onStep,
    onStart,
    key,
    checkpoint,
    onPrepare,
    onTexts,
    contextFolder,
    latentFolder,
    onEncoded,
    originals,
    handOver = false,
    signal,
  } = options;
  if (!model.tokenizer) throw new TypeError('fitDiffusion: the model has no tokenizer');
  const strategy = strategyOf(recipe.diffusion.strategy);
  const optimisation = optimisationOf(recipe, 'diffusion');
  const given = trainingSet(recipe, asRows(images, recipe.size), strategy.prompt ? texts.map(strategy.prompt) : texts, key, originals);
  const preparation = { model, data: given, size: recipe.size, sampling: recipe.sampling, key: foldIn(key, PREPARING), signal };
  const sitting = await sit(
    model,
    { part: 'diffusion model', checkpoint, settings: [key, recipe.diffusion, options.trains, ...precisionOf(optimisation)], data: given },
    async () => (await strategy.prepare?.({ ...preparation, onProgress: onPrepare })) ?? given,
    () => diffusionStart(model),
  );
  const { data } = sitting;
  if (originals && !editsImages(model.unet.config))
    throw new RangeError('fitDiffusion: originals: expected a U-Net that takes the latents of an image beside the noisy ones');
  const { vae, unet, textEncoder, textProjection } = model;
  const tokenizer: Tokenizer = model.tokenizer;
  const trains = options.trains ? byParts(model, options.trains) : strategy.trains;
  const extension = strategy.extend?.(model);
  const { used } = contextParts(textEncoder.params);
  const encoderChanges = extension?.textEncoder === true || Object.keys(flatten({ textEncoder: used })).some(trains);
  const encoding = { signal, folder: latentFolder };
  const latents = await leaderFirst(() => encodeLatents(model, data.pixels, recipe.size, encoding));
  const { originals: edited } = data;
  const means = edited && (await leaderFirst(() => encodeLatents(model, edited, recipe.size, encoding))).mean;
  const tokensOrContexts = encoderChanges
    ? tokensOf(model, tokenizer, data.texts)
    : await leaderFirst(() => encodeContexts(model, data.texts, { signal, folder: contextFolder, onProgress: onEncoded }));
  onTexts?.({ texts: data.texts.length, cut: tokensOrContexts.cut, window: tokenizer.maxLength });
  const modelParams: DiffusionParams = {
    unet: unet.params,
    ...(encoderChanges ? { textEncoder: used } : {}),
    ...(textProjection ? { projection: textProjection.params } : {}),
  };
  const params = handOver ? modelParams : cloneTree(modelParams);
  try {
    const result = await trainDiffusion({
      unet: unet.config,
      textEncoder: textEncoder.config,
      params,
      scheduler: model.schedulerConfig,
      latents,
      scalingFactor: completeVaeConfig(vae.config).scaling_factor,
      texts: tokensOrContexts,
      strategy: { trains, ...extension },
      prior: data.prior,
      consolidation: data.consolidation,
      teacher: data.teacher,
      textDropout: recipe.diffusion.text_dropout,
      originals: editsImages(unet.config)
        ? { means, dropout: recipe.diffusion.original_dropout ?? 0, bothDropout: recipe.diffusion.both_dropout ?? 0 }
        : undefined,
      objective: recipe.diffusion,
      checkpointing: recipe.diffusion.checkpointing ?? false,
      optimisation,
      key,
      signal,
      checkpoints: sitting.kept?.checkpoints,
      onStart,
      onStep:
        onStep &&
        ((log, averaged) =>
          onStep(log, () => {
            replaceDiffusion(model, averaged());
            remember(model, sitting, diffusionStart(model));
          })),
    });
    replaceDiffusion(model, result.params);
    remember(model, sitting, diffusionStart(model), !result.interrupted);
    return fitted(result, result.trained, sitting, optimisation.steps);
  } finally {
    if (!handOver) dispose(params);
  }
}

/** All weights that a diffusion training depends on: a frozen encoder's too, though only its contexts take part, and those that make the latents. */
function diffusionStart({ unet, textEncoder, textProjection, vae }: Model): Tree {
  return { unet: unet.params, textEncoder: textEncoder.params as Tree, projection: textProjection?.params, encoder: vae.params.encoder };
}

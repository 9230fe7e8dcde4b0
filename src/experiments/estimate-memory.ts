/** How much memory a training will take, before it takes it. */

import { countParameters, flatten, type Tree } from '../engine';
import { availableMemory, deviceMemory, isFused, xlaDevice } from '../engine/internal';
import { tooLarge } from '../files/internal';
import type { Model } from '../pipelines';
import { latentFactor } from '../pipelines/internal';
import type { Optimisation } from '../training';
import { strategyOf } from '../training/internal';
import type { UNetConfig } from '../unet';
import { completeUNetConfig } from '../unet/internal';
import type { VaeConfig } from '../vae';
import { completeVaeConfig } from '../vae/internal';
import type { Recipe } from './recipe';

/** Sizes that a training's memory follows from, in values (4 bytes each). */
export interface MemoryModel {
  /** All parameters of the networks in the step. */
  readonly parameters: number;
  /** Those that train. */
  readonly trained: number;
  /** Values that the forward pass of one image leaves for the backward pass (`unetActivations`). */
  readonly activations: number;
}

export interface MemoryEstimate {
  readonly MiB: number;
  /** What it is made of, MiB. */
  readonly parts: Readonly<Record<'engine' | 'parameters' | 'optimiser' | 'gradients' | 'activations', number>>;
}

const MiB = (values: number): number => (4 * values) / 2 ** 20;

/** What was measured (bench/training/memory.mjs) for the two forms that a step's graph may have. */
const COSTS = {
  composed: {
    /** Node, TensorFlow and the graph before any tensor, MiB. */
    engine: 650,
    /** Temporary copies of the update and of what is saved, and what the allocator does not give back, for each value of parameters, moments, gradients. */
    copies: 1.1,
    /** For each value stored for the backward pass. */
    activations: 1,
  },
  /** The fused operations keep neither attention's scores nor what lies between the steps of a norm (kernels/fused). */
  fused: { engine: 520, copies: 1.2, activations: 0.45 },
  /**
   * On a GPU, where each next value takes the old one's place, as XLA's compiler counts the joint steps of recipes for an H100 (test/experiments/xla-recipes), and of Stable Diffusion 1.4 in
   * bfloat16; its float32 takes a sixth less.
   */
  xla: { engine: 20, copies: 1, activations: 0.42 },
};
/** Values stored for each position and channel where nothing is fused: of a residual block's input and output, of a transformer's; fitted likewise. */
const RESNET_INPUT = 5;
const RESNET_OUTPUT = 10;
const TRANSFORMER = 74;
/** Values stored for each attention score. */
const SCORES = 3.4;

const costsHere = (): (typeof COSTS)['composed'] => (xlaDevice() ? COSTS.xla : isFused() ? COSTS.fused : COSTS.composed);

/** Memory that a step may still take, MiB: the GPU's where one computes. */
function availableToSteps(): number {
  const device = xlaDevice();
  const { used = 0, limit } = (device && deviceMemory(device)) ?? {};
  return limit === undefined ? availableMemory() : (limit - used) / 2 ** 20;
}

/** The peak of a training step. */
export function estimateStepMemory(
  { parameters, trained, activations }: MemoryModel,
  { batch_size, ema_decay, accumulation = 1 }: Optimisation,
): MemoryEstimate {
  const costs = costsHere();
  const parts = {
    engine: costs.engine,
    parameters: costs.copies * MiB(parameters),
    optimiser: costs.copies * MiB(trained * (2 + (ema_decay === undefined ? 0 : 1) + (accumulation > 1 ? 1 : 0))),
    gradients: costs.copies * MiB(trained),
    activations: costs.activations * MiB(activations * batch_size),
  };
  return { MiB: Object.values(parts).reduce((a, b) => a + b, 0), parts };
}

/**
 * Whether networks can be made here at all, from the shapes that follow from their configs.
 *
 * @throws RangeError naming how many parameters are asked for, and what is free
 */
export function expectParametersFit(where: string, ...networks: readonly Readonly<Record<string, readonly number[]>>[]): void {
  const shapes = networks.flatMap((network) => Object.values(network));
  const values = shapes.reduce((sum, shape) => sum + shape.reduce((product, n) => product * n, 1), 0);
  const available = availableMemory();
  if (MiB(values) > available) throw new RangeError(`${where}: ${tooLarge(values, available)}`);
}

/** Values that the U-Net's forward pass leaves for the backward pass, for one image of h × w latents and a context of `tokens`. */
export function unetActivations(config: UNetConfig, [h, w]: readonly [number, number], checkpointing: boolean): number {
  const c = completeUNetConfig(config);
  const levels = c.block_out_channels;
  let stored = 0; // what lives until the end of the backward pass
  let largest = 0; // of the one layer that is computed again
  const layer = (inputs: number, channels: number, level: number, attends: boolean): void => {
    const positions = (h * w) / 4 ** level;
    const inner = positions * (RESNET_INPUT * inputs + RESNET_OUTPUT * channels);
    const heads = c.attention_head_dim[level]!;
    const attention = attends ? positions * TRANSFORMER * channels + SCORES * heads * positions * positions : 0;
    if (checkpointing) {
      stored += positions * (inputs + channels);
      largest = Math.max(largest, 2 * (inner + attention));
    } else stored += inner + attention;
  };
  const attends = (type: string): boolean => type.startsWith('CrossAttn');
  const skips: number[] = [levels[0]!];
  levels.forEach((channels, level) => {
    for (let i = 0; i < c.layers_per_block[level]!; i++) {
      layer(i === 0 ? (levels[level - 1] ?? levels[0]!) : channels, channels, level, attends(c.down_block_types[level]!));
      skips.push(channels);
    }
    if (level < levels.length - 1) skips.push(channels);
  });
  const deepest = levels.length - 1;
  for (const attention of [true, false]) layer(levels[deepest]!, levels[deepest]!, deepest, attention);
  let channels = levels[deepest]!;
  for (let level = deepest; level >= 0; level--)
    for (let i = 0; i <= c.layers_per_block[level]!; i++) {
      layer(channels + skips.pop()!, levels[level]!, level, attends(c.up_block_types[deepest - level]!));
      channels = levels[level]!;
    }
  return stored + largest;
}

/** Values stored for each token and each input and output of a linear layer. */
const TEXT_LINEAR = 2.3;

/** Values that a text encoder's forward pass leaves for the backward pass, for one text of `tokens`: those of its linear layers, which are nearly all. */
export function textActivations(params: Tree, tokens: number): number {
  const matrices = Object.entries(flatten(params)).filter(
    ([path, leaf]) => leaf.rank === 2 && !/embedding|shared|relative_attention_bias/.test(path),
  );
  return TEXT_LINEAR * tokens * matrices.reduce((sum, [, { shape }]) => sum + shape[0]! + shape[1]!, 0);
}

/** Values that the autoencoder's encoder and decoder leave for the backward pass, for one image of `size` squared. */
export function vaeActivations(config: VaeConfig, size: number, checkpointing: boolean): number {
  const c = completeVaeConfig(config);
  let stored = 0;
  let largest = 0;
  const path = (layers: number): void =>
    c.block_out_channels.forEach((channels, level) => {
      const positions = (size * size) / 4 ** level;
      const inner = positions * channels * (RESNET_INPUT + RESNET_OUTPUT);
      stored += layers * (checkpointing ? 2 * positions * channels : inner);
      largest = Math.max(largest, checkpointing ? 2 * inner : 0);
    });
  path(c.layers_per_block);
  path(c.layers_per_block + 1);
  const deepest = c.block_out_channels.length - 1;
  const positions = (size * size) / 4 ** deepest;
  const middle = positions * c.block_out_channels[deepest]! * (RESNET_INPUT + RESNET_OUTPUT);
  const attention = c.mid_block_add_attention ? SCORES * positions * positions : 0;
  stored += 2 * (checkpointing ? 6 * positions * c.block_out_channels[deepest]! : 2 * middle + attention);
  if (checkpointing) largest = Math.max(largest, 2 * attention);
  return stored + largest;
}

/**
 * The peak of a recipe's training, MiB, on the GPU where one computes, beside what is free there and what would make it smaller. `handedOver` is the peak where the model's own weights
 * do not stay beside the copy that trains (`FitDiffusionOptions`).
 *
 * @param withVae the autoencoder trains first
 */
export function estimateMemory(
  recipe: Recipe,
  model: Model,
  { withVae }: { readonly withVae: boolean },
): { MiB: number; handedOver: number; available: number; parts: MemoryEstimate['parts']; advice: string[] } {
  const strategy = strategyOf(recipe.diffusion.strategy);
  const networks = { unet: model.unet.params, textEncoder: model.textEncoder.params };
  const sizes = Object.entries(flatten(networks)).map(([path, leaf]) => ({ size: leaf.size, trains: strategy.trains(path) }));
  const sum = (all: readonly { size: number }[]): number => all.reduce((total, { size }) => total + size, 0);
  const side = recipe.size / latentFactor(model);
  const { diffusion, vae } = recipe;
  const parameters = sum(sizes);
  const encoderTrains = Object.keys(flatten({ textEncoder: model.textEncoder.params })).some(strategy.trains);
  const vaeSize = countParameters(model.vae.params);
  const beside = xlaDevice() ? 0 : 1; // the model's own weights stay beside the copy that trains, but not on a GPU
  const joint = estimateStepMemory(
    {
      parameters: parameters + beside * (parameters + vaeSize),
      trained: sum(sizes.filter(({ trains }) => trains)),
      activations:
        unetActivations(model.unet.config, [side, side], diffusion.checkpointing ?? false) +
        (encoderTrains ? textActivations(model.textEncoder.params, recipe.tokenizer.max_length) : 0),
    },
    diffusion.optimisation,
  );
  const first = estimateStepMemory(
    {
      parameters: vaeSize + beside * (vaeSize + parameters),
      trained: vaeSize,
      activations: vaeActivations(model.vae.config, vae.crop ?? recipe.size, vae.checkpointing ?? false),
    },
    vae.optimisation,
  );
  const largest = withVae && first.MiB > joint.MiB ? first : joint;
  const part = largest === first ? 'vae' : 'diffusion';
  const settings = recipe[part];
  const advice = [
    ...(settings.optimisation.batch_size > 1 ? [`a smaller ${part}.optimisation.batch_size with more accumulation`] : []),
    ...(settings.checkpointing ? [] : [`${part}.checkpointing=true`]),
    ...(part === 'vae' && vae.crop === undefined && side % 2 === 0 ? [`vae.crop=${recipe.size / 2}`] : []),
    ...(settings.optimisation.ema_decay === undefined ? [] : [`no ${part}.optimisation.ema_decay`]),
    'a machine with more memory',
  ];
  const once = joint.MiB - beside * costsHere().copies * MiB(parameters);
  const handedOver = withVae ? Math.max(first.MiB, once) : once;
  return { MiB: largest.MiB, handedOver, available: availableToSteps(), parts: largest.parts, advice };
}

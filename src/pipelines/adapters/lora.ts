/** Low-rank adapters of a model (Hu et al. 2021, arXiv:2106.09685): made, put on, merged, taken off. */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, type FlatTree, flatten, type Key, mapTree, scope, split, type Tree, unflatten } from '../../engine';
import { merge, normalArray, partition } from '../../engine/internal';
import { mergedWeight } from '../../nn/internal';
import { expectWeights, type Model } from '../model';

/** The networks that may have adapters: their names in a model, and in files. */
export const parts = { unet: 'unet', textEncoder: 'text_encoder' } as const;
export type LoraPart = keyof typeof parts;

/** Attention's projections: of the U-Net, and of CLIP's text encoder. */
const TARGETS = /\.(to_q|to_k|to_v|to_out\.0|q_proj|k_proj|v_proj|out_proj)\.weight$/;
const ADAPTER = /\.lora_(A\.weight|B\.weight|scale|base)$/;

/**
 * Whether the network adds a layer's adapter while it runs (`linearLayer`): attention's projections, where adapters are trained, and CLIP's MLP. On any other layer a loaded adapter is worked into the
 * weight at once, and the weight of before is kept beside it as `lora_base`.
 */
export function runsAdapter(layer: string, weight: tf.Tensor): boolean {
  return (TARGETS.test(`${layer}.weight`) || /\.mlp\.fc[12]$/.test(layer)) && weight.rank === 2;
}

export interface LoraOptions {
  readonly rank: number;
  /** What is added has weight alpha / rank. */
  readonly alpha: number;
  readonly parts: readonly LoraPart[];
}

/** @throws RangeError naming what no adapter can be made with */
export function checkLora({ rank, alpha, parts: selected }: LoraOptions, where: string): void {
  if (!Number.isSafeInteger(rank) || rank < 1)
    throw new RangeError(`${where}: rank: expected a whole number from 1, got ${JSON.stringify(rank)}`);
  if (!Number.isFinite(alpha) || alpha <= 0) throw new RangeError(`${where}: alpha: expected a number > 0, got ${JSON.stringify(alpha)}`);
  if (!Array.isArray(selected) || selected.length === 0 || selected.some((part) => !(part in parts)))
    throw new RangeError(`${where}: parts: expected some of ${Object.keys(parts).join(', ')}, got ${JSON.stringify(selected)}`);
}

/**
 * New adapters on every attention projection: A normal with standard deviation 1/rank, B zero, so that at first nothing changes (section 4.1).
 *
 * @param networks `{ unet, textEncoder }`, parameter trees
 * @returns A and B by the networks' paths; the caller disposes them
 * @throws RangeError where a network has no projection to adapt
 */
export function initLora(networks: Tree, { rank, parts: selected }: LoraOptions, key: Key): Tree {
  const targets = Object.entries(flatten(networks)).filter(
    ([path, leaf]) => TARGETS.test(path) && leaf.rank === 2 && selected.some((part) => path.startsWith(`${part}.`)),
  );
  for (const part of selected)
    if (!targets.some(([path]) => path.startsWith(`${part}.`))) throw new RangeError(`lora: ${part} has no attention projections to adapt`);
  return lowRankAdapters(Object.fromEntries(targets), rank, key);
}

/**
 * New adapters of linear layers: A normal with standard deviation 1/rank, B zero.
 *
 * @param weights of the layers by their paths, [in, out]
 * @returns A and B by the layers' paths; the caller disposes them
 */
export function lowRankAdapters(weights: FlatTree, rank: number, key: Key): Tree {
  const targets = Object.entries(weights);
  const keys = split(key, targets.length);
  const flat: FlatTree = {};
  targets.forEach(([path, leaf], i) => {
    const [inputs, outputs] = leaf.shape as [number, number];
    const layer = path.slice(0, -'.weight'.length);
    const values = normalArray(keys[i]!, inputs * rank).map((value) => value / rank);
    flat[`${layer}.lora_A.weight`] = tf.tensor2d(values, [inputs, rank]);
    flat[`${layer}.lora_B.weight`] = tf.zeros([rank, outputs]);
  });
  return unflatten(flat);
}

/** Networks with adapters on their layers; pure, tensors are shared. */
export function withLora<T extends Tree>(networks: T, adapters: Tree, { rank, alpha }: Pick<LoraOptions, 'rank' | 'alpha'>): T {
  const scales: FlatTree = {};
  for (const path of Object.keys(flatten(adapters)))
    if (path.endsWith('.lora_A.weight')) scales[path.replace('lora_A.weight', 'lora_scale')] = tf.scalar(alpha / rank);
  return merge<T>(networks, adapters, scales);
}

/** Whether a network's parameters have adapters. */
export function hasLora(params: Tree): boolean {
  return Object.keys(flatten(params)).some((path) => ADAPTER.test(path));
}

/** The same network without adapters: each weight is W + scale · A B, or, where `keepWeights`, W alone. The caller disposes it. */
export function withoutLora<T extends Tree>(params: T, { keepWeights = false }: { readonly keepWeights?: boolean } = {}): T {
  const flat = flatten(params);
  const [, plain] = partition(params, (path) => ADAPTER.test(path));
  return scope(() =>
    mapTree((leaf, path) => {
      const layer = path.replace(/\.weight$/, '');
      const [a, b, scale] = [flat[`${layer}.lora_A.weight`], flat[`${layer}.lora_B.weight`], flat[`${layer}.lora_scale`]];
      if (!path.endsWith('.weight') || !a || !b || !scale) return leaf.clone();
      const base = flat[`${layer}.lora_base`];
      if (keepWeights) return (base ?? leaf).clone();
      if (base) return leaf.clone();
      return mergedWeight({
        weight: leaf as tf.Tensor2D,
        lora_A: { weight: a as tf.Tensor2D },
        lora_B: { weight: b as tf.Tensor2D },
        lora_scale: scale as tf.Scalar,
      });
    }, plain as T),
  );
}

function exchange(model: Model, change: <T extends Tree>(params: T) => T): void {
  for (const part of ['unet', 'textEncoder'] as const) {
    const { params } = model[part];
    if (!hasLora(params)) continue;
    model[part] = { ...model[part], params: change(params as Tree) } as never;
    dispose(params);
  }
}

/** Works the adapters into the model's weights; its images stay the same to rounding, and it is a plain model again. */
export function mergeLora(model: Model): void {
  exchange(model, (params) => withoutLora(params));
}

/** Takes the adapters off; the model is what it was before, bit for bit. */
export function removeLora(model: Model): void {
  expectWeights(model, 'removeLora');
  exchange(model, (params) => withoutLora(params, { keepWeights: true }));
}

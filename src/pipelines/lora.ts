/** Low-rank adapters of a model (Hu et al. 2021, arXiv:2106.09685): put on, merged, taken off, and kept as diffusers' `pytorch_lora_weights.safetensors`. */

import { basename, dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  dispose,
  type FlatTree,
  flatten,
  type Key,
  mapTree,
  merge,
  normalArray,
  partition,
  scope,
  split,
  type Tree,
  unflatten,
} from '../engine';
import { FileError, openSafetensors, toEngineLayout, toFileLayout, writeSafetensors } from '../files';
import { mergedWeight } from '../nn';
import type { Model } from './model';

/** The networks that may have adapters: their names in a model, and in files. */
const parts = { unet: 'unet', textEncoder: 'text_encoder' } as const;
export type LoraPart = keyof typeof parts;

/** Attention's projections: of the U-Net, and of CLIP's text encoder. */
const TARGETS = /\.(to_q|to_k|to_v|to_out\.0|q_proj|k_proj|v_proj|out_proj)\.weight$/;
const ADAPTER = /\.lora_(A\.weight|B\.weight|scale)$/;

export interface LoraOptions {
  readonly rank: number;
  /** What is added has weight alpha / rank. */
  readonly alpha: number;
  readonly parts: readonly LoraPart[];
}

/** @throws RangeError naming what no adapter can be made with */
export function checkLora({ rank, alpha, parts: chosen }: LoraOptions, where: string): void {
  if (!Number.isSafeInteger(rank) || rank < 1)
    throw new RangeError(`${where}: rank: expected a whole number from 1, got ${JSON.stringify(rank)}`);
  if (!Number.isFinite(alpha) || alpha <= 0) throw new RangeError(`${where}: alpha: expected a number > 0, got ${JSON.stringify(alpha)}`);
  if (!Array.isArray(chosen) || chosen.length === 0 || chosen.some((part) => !(part in parts)))
    throw new RangeError(`${where}: parts: expected some of ${Object.keys(parts).join(', ')}, got ${JSON.stringify(chosen)}`);
}

/**
 * New adapters on every attention projection: A normal with deviation 1/rank, B zero, so that at first nothing changes (section 4.1).
 *
 * @param networks `{ unet, textEncoder }`, parameter trees
 * @returns A and B by the networks' paths; the caller disposes them
 * @throws RangeError where a network has no projection to adapt
 */
export function initLora(networks: Tree, { rank, parts: chosen }: LoraOptions, key: Key): Tree {
  const targets = Object.entries(flatten(networks)).filter(
    ([path, leaf]) => TARGETS.test(path) && leaf.rank === 2 && chosen.some((part) => path.startsWith(`${part}.`)),
  );
  for (const part of chosen)
    if (!targets.some(([path]) => path.startsWith(`${part}.`))) throw new RangeError(`lora: ${part} has no attention projections to adapt`);
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
      if (keepWeights || !path.endsWith('.weight') || !a || !b || !scale) return leaf.clone();
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

/** Works the adapters into the model's weights; its pictures stay the same to rounding, and it is a plain model again. */
export function mergeLora(model: Model): void {
  exchange(model, (params) => withoutLora(params));
}

/** Takes the adapters off; the model is what it was before, bit for bit. */
export function removeLora(model: Model): void {
  exchange(model, (params) => withoutLora(params, { keepWeights: true }));
}

/** Rank and alpha of each network's adapters, as diffusers writes them into a file's header. */
type Metadata = Record<string, unknown>;

/**
 * Writes the model's adapters as diffusers' `save_lora_weights` does: PEFT's key names, rank and alpha in the header.
 *
 * @throws RangeError where the model has none; FileError where it cannot be written
 */
export async function saveLora(model: Model, file: string): Promise<void> {
  const tensors: Record<string, { shape: number[]; data: Float32Array }> = {};
  const metadata: Metadata = {};
  for (const [part, name] of Object.entries(parts) as [LoraPart, string][]) {
    const flat = flatten(model[part].params);
    const layers = Object.keys(flat).filter((path) => path.endsWith('.lora_A.weight'));
    if (layers.length === 0) continue;
    const rank = flat[layers[0]!]!.shape[1]!;
    const scale = flat[layers[0]!.replace('lora_A.weight', 'lora_scale')]!.dataSync()[0]!;
    const targets = [...new Set(layers.map((path) => /(to_out\.0|[^.]+)\.lora_A\.weight$/.exec(path)![1]!))];
    Object.assign(metadata, { [`${name}.r`]: rank, [`${name}.lora_alpha`]: scale * rank, [`${name}.target_modules`]: targets });
    for (const [path, leaf] of Object.entries(flat)) {
      if (!/\.lora_[AB]\.weight$/.test(path)) continue;
      tensors[`${name}.${path}`] = toFileLayout(path, leaf.shape, (await leaf.data()) as Float32Array) as {
        shape: number[];
        data: Float32Array;
      };
    }
  }
  if (Object.keys(tensors).length === 0) throw new RangeError('saveLora: the model has no adapters');
  await writeSafetensors(file, tensors, { format: 'pt', lora_adapter_metadata: JSON.stringify(metadata) });
}

/**
 * Puts a file's adapters on a model that has none: made here or by diffusers and PEFT (`pytorch_lora_weights.safetensors`, also under the older
 * names `lora.down` and `lora_linear_layer.down`). Without alpha in the
 * header or in tensors `….alpha`, alpha is the rank.
 *
 * @throws FileError naming tensors that fit no layer of the model
 */
export async function loadLora(model: Model, file: string): Promise<void> {
  if (hasLora(model.unet.params) || hasLora(model.textEncoder.params))
    throw new RangeError('loadLora: the model has adapters already; mergeLora or removeLora first');
  const source = await openSafetensors(file);
  const added: FlatTree = {};
  try {
    const metadata = JSON.parse(source.metadata.lora_adapter_metadata ?? '{}') as Metadata;
    const layers: Record<LoraPart, FlatTree> = { unet: flatten(model.unet.params), textEncoder: flatten(model.textEncoder.params) };
    const strangers: string[] = [];
    for (const key of source.keys) {
      const [, name, path = ''] = /^(unet|text_encoder)\.(.*)$/.exec(key) ?? [];
      const part: LoraPart = name === 'unet' ? 'unet' : 'textEncoder';
      const [, written = '', found] =
        /^(.*)\.(lora_A|lora_B|lora\.down|lora\.up|lora_linear_layer\.down|lora_linear_layer\.up|alpha)(?:\.weight)?$/.exec(path) ?? [];
      const which = found === undefined || found === 'alpha' ? found : /A|down/.test(found.slice(4)) ? 'lora_A.weight' : 'lora_B.weight';
      // transformers 5 leaves out the prefix that Stable Diffusion's folders have
      const layer = layers[part][`${written}.weight`] ? written : `text_model.${written}`;
      const weight = layers[part][`${layer}.weight`];
      const stored = which === undefined ? [] : source.info(key).shape;
      const fits =
        weight && (which === 'alpha' || (which === 'lora_A.weight' ? stored[1] === weight.shape[0] : stored[0] === weight.shape.at(-1)));
      if (!fits) {
        strangers.push(key);
        continue;
      }
      const values = await source.read(key);
      if (which === 'alpha') {
        const down = source.keys.find((other) => other.startsWith(key.slice(0, -'alpha'.length)) && /(lora_A|down)\.weight$/.test(other));
        const rank = down === undefined ? 1 : source.info(down).shape[0]!;
        added[`${part}.${layer}.lora_scale`]?.dispose();
        added[`${part}.${layer}.lora_scale`] = tf.scalar((values as Float32Array)[0]! / rank);
        continue;
      }
      const laid = toEngineLayout(`${which}`, stored, values);
      added[`${part}.${layer}.${which}`] = tf.tensor(laid.data, laid.shape, 'float32');
      const alpha = metadata[`${name}.lora_alpha`];
      if (which === 'lora_A.weight' && !added[`${part}.${layer}.lora_scale`])
        added[`${part}.${layer}.lora_scale`] = tf.scalar(typeof alpha === 'number' ? alpha / stored[0]! : 1);
    }
    if (strangers.length > 0)
      throw new FileError(
        file,
        `${basename(dirname(file))}: ${strangers.length} of ${source.keys.length} tensors fit no layer of the model, first ${strangers[0]}; ` +
          'it is of another model, or has adapters on other layers than attention projections',
      );
    const incomplete = Object.keys(added).find((path) => path.endsWith('lora_A.weight') && !added[path.replace('lora_A', 'lora_B')]);
    if (incomplete !== undefined) throw new FileError(file, `has ${incomplete}, but no lora_B beside it`);
  } catch (error) {
    tf.dispose(added);
    throw error;
  } finally {
    await source.close();
  }
  const tree = unflatten<{ unet?: Tree; textEncoder?: Tree }>(added);
  for (const part of ['unet', 'textEncoder'] as const) {
    if (!tree[part]) continue;
    const before = model[part].params;
    model[part] = { ...model[part], params: merge(before as Tree, tree[part]) } as never;
  }
}

/**
 * A learnt linear map from a text encoder's channels to the width that a U-Net was made for. In a model folder: `text_projection/` with
 * `config.json` and `model.safetensors`, which diffusers does not know; `foldTextProjection` makes a folder that it opens.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { cloneTree, flatten, type Key, scope, unflatten } from '../engine';
import { checkContent, FileError, readObject, writeJson } from '../files';
import { checkSettings, is, loadParameters, saveParameters } from '../files/internal';
import { type LinearParams, linearLayer, type Spec } from '../nn';
import { initialise, linearSpec, specShapes } from '../nn/internal';
import type { UNetModel, UNetParams } from '../unet';

export type TextProjectionParams = { proj: LinearParams };

/** `text_projection/config.json`. */
export interface TextProjectionConfig {
  /** Channels of the text encoder. */
  readonly in_features: number;
  /** The U-Net's `cross_attention_dim`. */
  readonly out_features: number;
}

export interface TextProjection {
  readonly config: TextProjectionConfig;
  /** The caller disposes it. */
  readonly params: TextProjectionParams;
}

const CLASS = 'RoentgenTextProjection';

const specOf = ({ in_features, out_features }: TextProjectionConfig): Spec<TextProjectionParams> => ({
  proj: linearSpec(in_features, out_features),
});

/** Random weights, as PyTorch's linear layers start. The caller disposes the parameters. */
export function initTextProjection(config: TextProjectionConfig, key: Key): TextProjection {
  return { config, params: initialise<TextProjectionParams>(specOf(config), key) };
}

/** The context as the U-Net sees it: [B, L, in] to [B, L, out]; the caller disposes it. */
export function projectContext({ proj }: TextProjectionParams, context: tf.Tensor3D): tf.Tensor3D {
  return linearLayer(proj, context);
}

/** Whether a model folder holds one. */
export function hasTextProjection(folder: string): boolean {
  return existsSync(join(folder, 'config.json'));
}

/** @throws FileError where the config is of another class, or its sizes can't be worked with */
export async function readTextProjectionConfig(folder: string): Promise<TextProjectionConfig> {
  const path = join(folder, 'config.json');
  return checkTextProjectionConfig(path, await readObject(path));
}

/** The sizes of a config that was read. @throws FileError as `readTextProjectionConfig`, naming `path` */
export function checkTextProjectionConfig(path: string, config: object): TextProjectionConfig {
  const { _class_name, in_features, out_features } = config as TextProjectionConfig & { readonly _class_name?: unknown };
  if (_class_name !== CLASS) throw new FileError(path, `_class_name: expected ${CLASS}, got ${JSON.stringify(_class_name ?? null)}`);
  const sizes = { in_features: is.whole(1), out_features: is.whole(1) };
  checkContent(path, () => checkSettings('text projection', { in_features, out_features }, sizes));
  return { in_features, out_features };
}

/** `config.json` of a text projection. */
export const textProjectionJson = (config: TextProjectionConfig): object => ({ _class_name: CLASS, ...config });

/** Every parameter's shape by its key, in the engine's layout. */
export function textProjectionShapes(config: TextProjectionConfig): Record<string, number[]> {
  return specShapes(specOf(config));
}

/**
 * Reads a folder that `saveTextProjection` wrote.
 *
 * @throws FileError where the config is of another class or the tensors are not those that it describes
 */
export async function loadTextProjection(folder: string): Promise<TextProjection> {
  const config = await readTextProjectionConfig(folder);
  return { config, params: await loadParameters<TextProjectionParams>(folder, { file: 'model', expected: textProjectionShapes(config) }) };
}

/** Writes `config.json` and `model.safetensors` (`proj.weight` [out, in], `proj.bias` [out]). */
export async function saveTextProjection(folder: string, { config, params }: TextProjection): Promise<void> {
  await saveParameters(folder, 'model', params);
  await writeJson(join(folder, 'config.json'), textProjectionJson(config));
}

/**
 * A U-Net that takes the encoder's own context and predicts what the given one does behind the projection, to rounding. Keys and values are
 * linear in the context, so the weight goes into theirs; the bias moves all keys of a query's scores alike, which the softmax does not see, and
 * all values alike, which goes through the output layer into its bias.
 *
 * @returns config and parameters of their own; the caller disposes them
 */
export function foldTextProjection({ config, params }: UNetModel, { config: sizes, params: { proj } }: TextProjection): UNetModel {
  const flat = flatten(params);
  const folded = scope(() => {
    const next = flatten(cloneTree(params));
    for (const [path, leaf] of Object.entries(flat)) {
      const [, block, name] = /^(.*\.attn2)\.(to_k|to_v)\.weight$/.exec(path) ?? [];
      if (block === undefined) continue;
      next[path] = tf.matMul(proj.weight, leaf as tf.Tensor2D); // [in, out] [out, inner]
      if (name !== 'to_v' || !proj.bias) continue;
      const shift = tf.matMul(tf.reshape(proj.bias, [1, -1]), leaf as tf.Tensor2D); // [1, inner]
      const output = tf.matMul(shift, flat[`${block}.to_out.0.weight`] as tf.Tensor2D);
      const bias = flat[`${block}.to_out.0.bias`]!;
      next[`${block}.to_out.0.bias`] = tf.add(bias, tf.reshape(output, bias.shape));
    }
    return unflatten<UNetParams>(next);
  });
  return { config: { ...config, cross_attention_dim: sizes.in_features }, params: folded };
}

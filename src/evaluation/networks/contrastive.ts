/** A contrastive image–text network (ConVIRT, Zhang et al. 2020, arXiv:2010.00747): a ResNet, a BERT, and a projection of each into one space. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type BertConfig, type BertParams, bert } from '../../encoders';
import { bertShapes, initBert } from '../../encoders/internal';
import { type Key, scope, split } from '../../engine';
import { writeJson } from '../../files';
import { loadParameters, readJson, saveParameters } from '../../files/internal';
import { type BatchStatistics, type LinearParams, linearLayer } from '../../nn';
import { initialise, linearSpec, specShapes } from '../../nn/internal';
import { loadTokenizer, type Tokenizer } from '../../tokenizers';
import { initResNet, type ResNetParams } from '../../vision';
import { encodeImages, type ImageEncoderConfig, resnetShapes } from '../../vision/internal';

export interface ContrastiveConfig {
  /** Its vectors are as wide as `width`. */
  readonly image: ImageEncoderConfig;
  readonly text: BertConfig;
  /** Of the common space, and of what is before the last layer of each projection. */
  readonly width: number;
}

/** Each projection has two layers with ReLU between; the ResNet's last layer is the first of the image's. */
export type ContrastiveParams = {
  image: { backbone: ResNetParams; projection: LinearParams };
  text: { backbone: BertParams; hidden: LinearParams; projection: LinearParams };
};

export interface ContrastiveModel {
  readonly config: ContrastiveConfig;
  /** The caller disposes it. */
  readonly params: ContrastiveParams;
  readonly tokenizer: Tokenizer;
}

type Heads = { image: LinearParams; hidden: LinearParams; text: LinearParams };

const heads = ({ text, width }: ContrastiveConfig): Record<keyof Heads, ReturnType<typeof linearSpec>> => ({
  image: linearSpec(width, width),
  hidden: linearSpec(text.hidden_size ?? 768, width),
  text: linearSpec(width, width),
});

/** Random weights; the caller disposes the tree. */
export function initContrastive(config: ContrastiveConfig, key: Key): ContrastiveParams {
  const [a, b, c] = split(key, 3) as [Key, Key, Key];
  const { image, hidden, text } = initialise<Heads>(heads(config), c);
  return {
    image: { backbone: initResNet(config.image.resnet, a), projection: image },
    text: { backbone: initBert(config.text, b), hidden, projection: text },
  };
}

function contrastiveShapes(config: ContrastiveConfig): Record<string, number[]> {
  const below = (path: string, shapes: Record<string, number[]>): Record<string, number[]> =>
    Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [`${path}.${key}`, shape]));
  const { image, hidden, text } = heads(config);
  return {
    ...below('image.backbone', resnetShapes(config.image.resnet)),
    ...below('text.backbone', bertShapes(config.text)),
    ...specShapes({ image: { projection: image }, text: { hidden, projection: text } }),
  };
}

/** @returns [B, width], of any length; the caller disposes it */
export function imageVectors(
  config: ContrastiveConfig,
  { image: { backbone, projection } }: ContrastiveParams,
  images: tf.Tensor4D,
  statistics?: BatchStatistics,
): tf.Tensor2D {
  return scope(() => linearLayer(projection, tf.relu(encodeImages(config.image, backbone, images, statistics).vector)));
}

/** What a place of padding has in place of its state, below any. */
const BELOW = -1e4;

/**
 * The largest value of each channel over a text's tokens, as ConVIRT pools, projected.
 *
 * @param ids  int32 [B, L], `mask` 1 for tokens
 * @returns    [B, width], of any length; the caller disposes it
 */
export function textVectors(
  config: ContrastiveConfig,
  { text: { backbone, hidden, projection } }: ContrastiveParams,
  ids: tf.Tensor2D,
  mask: tf.Tensor2D,
): tf.Tensor2D {
  return scope(() => {
    const { lastHiddenState } = bert(config.text, backbone, ids, { mask });
    const [B, L] = ids.shape;
    const padding = tf.reshape(tf.mul(tf.sub(1, tf.cast(mask, 'float32')), BELOW), [B, L, 1]);
    const pooled = tf.max(tf.add(lastHiddenState, padding), 1) as tf.Tensor2D;
    return linearLayer(projection, tf.relu(linearLayer(hidden, pooled)));
  });
}

/** Rows at length 1; the caller disposes them. */
export const unitRows = (x: tf.Tensor2D): tf.Tensor2D => scope(() => tf.div(x, tf.add(tf.norm(x, 2, 1, true), 1e-12)) as tf.Tensor2D);

/** Writes `config.json`, `model.safetensors` and the tokenizer. */
export async function saveContrastive(folder: string, { config, params, tokenizer }: ContrastiveModel): Promise<void> {
  await saveParameters(folder, 'model', params);
  await tokenizer.save(join(folder, 'tokenizer'));
  await writeJson(join(folder, 'config.json'), config);
}

/** Reads what `saveContrastive` wrote. @throws FileError where a file is missing or not this network's */
export async function loadContrastive(folder: string): Promise<ContrastiveModel> {
  const config = (await readJson(join(folder, 'config.json'))) as unknown as ContrastiveConfig;
  const params = await loadParameters<ContrastiveParams>(folder, { file: 'model', expected: contrastiveShapes(config) });
  return { config, params, tokenizer: await loadTokenizer(join(folder, 'tokenizer')) };
}

/** An encoder of images with the layer that reads labels of what it says. */

import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, type Key, scope, type Tree } from '../../engine';
import { overRows } from '../../engine/internal';
import { type Rows, readObject, writeJson } from '../../files';
import { checkSettings, expectFolderOf, is, loadParameters, readRange, saveParameters } from '../../files/internal';
import { type BatchStatistics, type LinearParams, linearLayer } from '../../nn';
import { headProbabilities, presenceHeads } from '../../training/internal';

/** What an encoder says of whole images. */
export interface VectorEncoder {
  /** Pixels a side. */
  readonly size: number;
  readonly width: number;
  /** Random weights; the caller disposes them. */
  init(key: Key): Tree;
  /** @param pixels [B, size, size, 1], 0 to 1; with `statistics` in training mode @returns [B, width]; the caller disposes it */
  vector(params: Tree, pixels: tf.Tensor4D, statistics?: BatchStatistics): tf.Tensor2D;
}

/** An encoder and the layer that reads its labels; a tree. */
export type LabelledEncoder = { encoder: Tree; head: LinearParams };

/** A finding each, in the order of the layer's outputs. */
export interface KeptEncoder {
  readonly findings: readonly string[];
  /** The caller disposes it. */
  readonly params: LabelledEncoder;
}

/** Writes a folder; the config comes last and says that all is there. @throws FileError where it cannot be written */
export async function saveLabelledEncoder(folder: string, { findings, params }: KeptEncoder): Promise<void> {
  await saveParameters(folder, 'model', params);
  await writeJson(join(folder, 'config.json'), { model_type: 'labelled-encoder', findings });
}

/**
 * @param shapes of the encoder's parameters, in the engine's layout
 * @throws FileError where a file is missing or not what it should be
 */
export async function loadLabelledEncoder(
  folder: string,
  width: number,
  shapes: Readonly<Record<string, readonly number[]>>,
): Promise<KeptEncoder> {
  expectFolderOf('an encoder with labels', folder, ['config.json']);
  const file = join(folder, 'config.json');
  const { findings } = await readObject<{ model_type: string; findings: string[] }>(file, (read) =>
    checkSettings(file, read, { model_type: is.oneOf('labelled-encoder'), findings: is.list(is.text, 1) }),
  );
  const encoder = Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [`encoder.${key}`, shape]));
  const expected = { ...encoder, 'head.weight': [width, findings.length], 'head.bias': [findings.length] };
  return { findings, params: await loadParameters<LabelledEncoder>(folder, { file: 'model', expected }) };
}

/** Of each finding's presence, [B, findings]; with `statistics` in training mode. The caller disposes it. */
export const labelLogits = (
  network: VectorEncoder,
  { encoder, head }: LabelledEncoder,
  images: tf.Tensor4D,
  statistics?: BatchStatistics,
): tf.Tensor2D => scope(() => linearLayer(head, network.vector(encoder, images, statistics)));

/** Images that are read at a time. */
const AT_ONCE = 32;

/** Probability of each finding's presence, by finding, image after image. */
export async function readLabels(
  network: VectorEncoder,
  { findings, params }: KeptEncoder,
  pixels: Rows,
  signal?: AbortSignal,
): Promise<Record<string, Float32Array>> {
  const { size } = network;
  const read = compileNetwork((weights: LabelledEncoder, images: tf.Tensor4D) => ({ logits: labelLogits(network, weights, images) }));
  try {
    const { logits } = await overRows(
      (images) => read(params, images as tf.Tensor4D),
      [{ values: await readRange(pixels, 0, pixels.length), shape: [size, size, 1] }],
      { logits: findings.length },
      { batch: AT_ONCE, ...(signal && { signal }) },
    );
    const probabilities = headProbabilities(presenceHeads(findings), logits);
    return Object.fromEntries(findings.map((name, f) => [name, probabilities[f]!.filter((_, i) => i % 2 === 1)]));
  } finally {
    read.dispose();
  }
}

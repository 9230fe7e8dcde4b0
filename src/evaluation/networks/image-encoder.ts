/** The image encoder of the networks that evaluations train: a ResNet on grey images, its size by the data's, and batches of images for it. */

import * as tf from '@tensorflow/tfjs-core';
import { foldIn, type Key, randomInts, scope, uniformArray } from '../../engine';
import type { Rows } from '../../files';
import type { BatchStatistics } from '../../nn';
import { type ResNetConfig, type ResNetParams, resnet } from '../../vision';

export interface ImageEncoderConfig {
  /** Pixels a side. */
  readonly size: number;
  /** With `in_channels` 1; its last layer is as wide as the vector that stands for an image. */
  readonly resnet: ResNetConfig;
  /** Whose maps stand for the places of an image, such as `layer3`. */
  readonly places: 'layer2' | 'layer3' | 'layer4';
}

/** How large networks are: of a quick evaluation, of small images, or in the paper's manner. */
export type NetworkScale = 'quick' | 'small' | 'full';

/** From here on images are large enough for a ResNet-50's five halvings. */
const LARGE = 224;

export const networkScale = ({ size, quick }: { readonly size: number; readonly quick: boolean }): NetworkScale =>
  quick ? 'quick' : size < LARGE ? 'small' : 'full';

/**
 * ResNet-50's layout at full scale, else one block of two convolutions a stage.
 *
 * @param width of the vector that stands for an image
 */
export function imageEncoderConfig(size: number, scale: NetworkScale, width: number): ImageEncoderConfig {
  if (scale === 'full') return { size, resnet: { in_channels: 1, num_classes: width }, places: 'layer4' };
  const resnet: ResNetConfig = {
    block: 'BasicBlock',
    layers: [1, 1, 1, 1],
    planes: [24, 48, 96, 192],
    stem: 24,
    in_channels: 1,
    num_classes: width,
  };
  return { size, resnet, places: size >= LARGE ? 'layer4' : 'layer3' };
}

/** For definitions: "a ResNet of 1, 1, 1, 1 blocks, 24 to 192 wide". */
export function describeImageEncoder({ resnet: { block, layers = [3, 4, 6, 3], planes } }: ImageEncoderConfig): string {
  if (block !== 'BasicBlock') return 'a ResNet-50 with one input channel';
  return `a ResNet of ${layers.join(', ')} basic blocks, ${planes?.[0]} to ${planes?.at(-1)} wide`;
}

/** How many places an image has, and the channels of each. */
export function placesOf({ size, resnet, places }: ImageEncoderConfig): { readonly count: number; readonly channels: number } {
  const stage = Number(places.slice(-1));
  const planes = (resnet.planes ?? [64, 128, 256, 512])[stage - 1]!;
  const side = Math.ceil(size / 2 ** (stage + 1)); // the stem halves twice, each stage but the first once
  return { count: side * side, channels: resnet.block === 'BasicBlock' ? planes : 4 * planes };
}

/** What an encoder says of images; the caller disposes both. */
export type EncodedImages = {
  /** [B, width]. */
  vector: tf.Tensor2D;
  /** [B, places, channels], row by row. */
  places: tf.Tensor3D;
};

/** @param images [B, size, size, 1], 0 to 1; with `statistics` in training mode */
export function encodeImages(
  { resnet: config, places: stage }: ImageEncoderConfig,
  params: ResNetParams,
  images: tf.Tensor4D,
  statistics?: BatchStatistics,
): EncodedImages {
  return scope(() => {
    let places: tf.Tensor | undefined;
    const grey = tf.mul(tf.sub(images, 0.5), 4) as tf.Tensor4D; // radiographs have a standard deviation of about a quarter
    const onBlock = (name: string, map: tf.Tensor4D): void => {
      const [B, h, w, C] = map.shape;
      if (name === stage) places = tf.keep(tf.reshape(map, [B, h * w, C])); // beyond the network's scope
    };
    const { logits } = resnet(config, params, grey, { onBlock, ...(statistics && { statistics }) });
    const own = tf.clone(places!) as tf.Tensor3D;
    places!.dispose();
    return { vector: logits, places: own };
  });
}

/** How far images are moved at most, of their size, and how much brightness and contrast change. */
const AUGMENTED = { shift: 1 / 16, brightness: 0.1, contrast: 0.2 } as const;

/**
 * Images as a training sees them: moved a little, brighter or darker, with more or less contrast; never mirrored, since sides are findings' own. As ConVIRT's
 * (Zhang et al. 2020, section 4.1), less its rotations, and weaker, as small images need.
 *
 * @returns [rows.length, size, size, 1]; the caller disposes it
 */
export async function augmentedImages(pixels: Rows, rows: Int32Array, size: number, key: Key): Promise<tf.Tensor4D> {
  const area = size * size;
  const given = await pixels.read(rows);
  const [moving, shading] = [foldIn(key, 0), foldIn(key, 1)];
  const reach = Math.round(size * AUGMENTED.shift);
  const moves = randomInts(moving, 2 * rows.length, -reach, reach + 1);
  const shades = uniformArray(shading, 2 * rows.length);
  const out = new Float32Array(given.length);
  for (let b = 0; b < rows.length; b++) {
    const [dx, dy] = [moves[2 * b]!, moves[2 * b + 1]!];
    const contrast = 1 + (2 * shades[2 * b]! - 1) * AUGMENTED.contrast;
    const offset = 0.5 * (1 - contrast) + (2 * shades[2 * b + 1]! - 1) * AUGMENTED.brightness;
    for (let y = 0; y < size; y++) {
      const from = b * area + Math.min(size - 1, Math.max(0, y + dy)) * size;
      for (let x = 0; x < size; x++)
        out[b * area + y * size + x] = offset + contrast * given[from + Math.min(size - 1, Math.max(0, x + dx))]!;
    }
  }
  return tf.tensor4d(out, [rows.length, size, size, 1]);
}

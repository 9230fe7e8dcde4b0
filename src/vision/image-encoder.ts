/** An image as a vector for the whole of it and vectors for its places: a ResNet on grey images, and the maps of one of its stages. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import type { BatchStatistics } from '../nn';
import { type ResNetConfig, type ResNetParams, resnet } from './resnet';

export interface ImageEncoderConfig {
  /** Pixels a side. */
  readonly size: number;
  /** With `in_channels` 1; its last layer is as wide as the vector that stands for an image. */
  readonly resnet: ResNetConfig;
  /** Whose maps stand for the places of an image, such as `layer3`. */
  readonly places: 'layer2' | 'layer3' | 'layer4';
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

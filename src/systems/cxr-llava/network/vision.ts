/** Encoders of images: open_clip's vision transformer, which the second version has, or a ResNet, which the first had. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope, type Tree } from '../../../engine';
import {
  type ImageEncoderConfig,
  initOpenClipVision,
  initResNet,
  type OpenClipVisionConfig,
  type OpenClipVisionParams,
  openClipVision,
  type ResNetParams,
} from '../../../vision';
import { completeOpenClipVisionConfig, encodeImages, openClipVisionShapes, placesOf, resnetShapes } from '../../../vision/internal';
import type { VectorEncoder } from '../../asking/labelled-encoder';

/** What an encoder of either form is to the rest. */
export interface LlavaVision extends VectorEncoder {
  /** Places side by side. */
  readonly grid: number;
  /** Of a place. */
  readonly channels: number;
  /** Every parameter's shape by its key, in the engine's layout. */
  readonly shapes: Readonly<Record<string, number[]>>;
  /** @param pixels [B, size, size, 1], 0 to 1 @returns [B, grid², channels]; the caller disposes it */
  places(params: Tree, pixels: tf.Tensor4D): tf.Tensor3D;
}

/** Which encoder, and what images are brought to. */
export interface LlavaVisionSettings {
  readonly clip_vision_cfg?: OpenClipVisionConfig;
  /** In its place, the first version's encoder. */
  readonly resnet_cfg?: ImageEncoderConfig;
  /** What images are brought to: less the mean, over the standard deviation, of pixels of 0 to 1. */
  readonly image_preprocess_cfg: { readonly mean: number; readonly std: number };
}

/** @throws RangeError naming what of the config can't be worked with, or where it has both encoders or none */
export function llavaVision({
  clip_vision_cfg: clip,
  resnet_cfg: resnet,
  image_preprocess_cfg: preprocess,
}: LlavaVisionSettings): LlavaVision {
  if ((clip === undefined) === (resnet === undefined))
    throw new RangeError('cxr-llava: expected clip_vision_cfg or resnet_cfg, and not both');
  return clip ? transformer(clip, preprocess) : residual(resnet!, preprocess);
}

type Preprocess = LlavaVisionSettings['image_preprocess_cfg'];

/** One channel where the config does not say. The class token's state stands for the image, those of the patches for its places. */
function transformer(given: OpenClipVisionConfig, { mean, std }: Preprocess): LlavaVision {
  const config: OpenClipVisionConfig = { in_channels: 1, ...given };
  const { image_size: size, patch_size, width } = completeOpenClipVisionConfig(config);
  const states = (params: Tree, pixels: tf.Tensor4D): tf.Tensor3D =>
    openClipVision(config, params as OpenClipVisionParams, tf.div(tf.sub(pixels, mean), std));
  return {
    size,
    grid: size / patch_size,
    channels: width,
    width,
    shapes: openClipVisionShapes(config),
    init: (key: Key) => initOpenClipVision(config, key) as Tree,
    places: (params, pixels) => scope(() => tf.slice(states(params, pixels), [0, 1, 0]) as tf.Tensor3D),
    vector: (params, pixels) =>
      scope(() => tf.reshape(tf.slice(states(params, pixels), [0, 0, 0], [-1, 1, width]), [-1, width]) as tf.Tensor2D),
  };
}

/** The means over the last maps stand for the image, the maps of a stage for its places. */
function residual(config: ImageEncoderConfig, { mean, std }: Preprocess): LlavaVision {
  const own: ImageEncoderConfig = { ...config, resnet: { ...config.resnet, in_channels: 1, num_classes: 0 } };
  const { count, channels } = placesOf(own);
  const shapes = resnetShapes(own.resnet);
  // `encodeImages` takes pixels of 0 to 1 whose mean is a half and whose deviation a quarter.
  const brought = (pixels: tf.Tensor4D): tf.Tensor4D => tf.add(tf.div(tf.sub(pixels, mean), 4 * std), 0.5);
  return {
    size: own.size,
    grid: Math.sqrt(count),
    channels,
    width: placesOf({ ...own, places: 'layer4' }).channels,
    shapes,
    init: (key: Key) => initResNet(own.resnet, key) as Tree,
    places: (params, pixels) => scope(() => tf.clone(encodeImages(own, params as ResNetParams, brought(pixels)).places)),
    vector: (params, pixels, statistics) =>
      scope(() => tf.clone(encodeImages(own, params as ResNetParams, brought(pixels), statistics).vector)),
  };
}

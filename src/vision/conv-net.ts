/** DenseNet or ResNet under one name: what a classifier of images is made of. */

import type * as tf from '@tensorflow/tfjs-core';
import type { Key } from '../engine';
import { type DenseNetConfig, type DenseNetParams, densenet, densenetShapes, initDenseNet } from './densenet';
import type { VisionOptions } from './options';
import { initResNet, type ResNetConfig, type ResNetParams, resnet, resnetShapes } from './resnet';

/** Which network, with its config. */
export type ConvNet =
  | { readonly kind: 'densenet'; readonly config: DenseNetConfig }
  | { readonly kind: 'resnet'; readonly config: ResNetConfig };

export type ConvNetParams = DenseNetParams | ResNetParams;

/** Results; the caller disposes both. */
export type ConvNetOutput = {
  /** Means over the last maps, [B, C]. */
  pooled: tf.Tensor2D;
  /** [B, num_classes]. */
  logits: tf.Tensor2D;
};

/** Random weights; the caller disposes the tree. */
export function initConvNet(net: ConvNet, key: Key): ConvNetParams {
  return net.kind === 'densenet' ? initDenseNet(net.config, key) : initResNet(net.config, key);
}

/** Every parameter's shape by its key, in the engine's layout. */
export function convNetShapes(net: ConvNet): Record<string, number[]> {
  return net.kind === 'densenet' ? densenetShapes(net.config) : resnetShapes(net.config);
}

/** @param images [B, H, W, in_channels]; throws as `densenet` and `resnet` */
export function convNet(net: ConvNet, params: ConvNetParams, images: tf.Tensor4D, options: VisionOptions = {}): ConvNetOutput {
  return net.kind === 'densenet'
    ? densenet(net.config, params as DenseNetParams, images, options)
    : resnet(net.config, params as ResNetParams, images, options);
}

/** DenseNet (Huang et al. 2017, arXiv:1608.06993), as torchvision names its parameters; TorchXRayVision's classifiers are of this kind. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { completeSettings, type Defaults, is, optional } from '../files/internal';
import { type BatchNormParams, type ConvParams, convLayer, type LinearParams, linearLayer, type Spec } from '../nn';
import {
  averageAll,
  averagePool,
  batchNormLayer,
  batchNormSpec,
  convSpec,
  initialise,
  linearSpec,
  MOST_LAYERS,
  maxPool,
  specShapes,
} from '../nn/internal';
import type { VisionOptions } from './options';

/** torchvision's arguments; DenseNet-121 by default, with three channels in and 1000 classes. */
export interface DenseNetConfig {
  /** Channels that each layer adds. Default 32. */
  growth_rate?: number;
  /** Layers of each block. Default 6, 12, 24, 16. */
  block_config?: readonly number[];
  /** Channels of the stem. Default 64. */
  num_init_features?: number;
  /** Channels inside a layer, times the growth rate. Default 4. */
  bn_size?: number;
  num_classes?: number;
  /** 1 for TorchXRayVision's. */
  in_channels?: number;
}

type DenseLayerParams = { norm1: BatchNormParams; conv1: ConvParams; norm2: BatchNormParams; conv2: ConvParams };
type TransitionParams = { norm: BatchNormParams; conv: ConvParams };

export type DenseNetParams = {
  /** The stem `conv0`, `norm0`; blocks `denseblock1`, of layers `denselayer1` …; `transition1` …; and a last norm, `norm5`. */
  features: { readonly [name: string]: ConvParams | BatchNormParams | TransitionParams | { readonly [name: string]: DenseLayerParams } };
  classifier: LinearParams;
};

/** Results; the caller disposes both. */
export type DenseNetOutput = {
  /** Means over the last maps after their ReLU, [B, C]: TorchXRayVision's `features2`. */
  pooled: tf.Tensor2D;
  /** [B, num_classes]. */
  logits: tf.Tensor2D;
};

const EPS = 1e-5;
const size = is.whole(1);

const SETTINGS: Defaults<Required<DenseNetConfig>> = {
  growth_rate: optional(size, 32),
  block_config: optional<readonly number[]>(is.list(is.whole(1, MOST_LAYERS)), [6, 12, 24, 16]),
  num_init_features: optional(size, 64),
  bn_size: optional(size, 4),
  num_classes: optional(size, 1000),
  in_channels: optional(size, 3),
};

const complete = (config: DenseNetConfig): Required<DenseNetConfig> =>
  completeSettings('densenet', config, SETTINGS, { class: is.oneOf('DenseNet') });

/** A convolution as DenseNet starts it: He et al. 2015, by what goes in, without bias. */
const conv = (inputs: number, outputs: number, kernel: number): Spec<ConvParams> =>
  convSpec(inputs, outputs, kernel, { noBias: true, std: Math.sqrt(2 / (kernel * kernel * inputs)) });

/** The norm behind the last block is so called however many there are. */
const LAST_NORM = 'norm5';

function densenetSpec(config: DenseNetConfig): Spec<DenseNetParams> {
  const c = complete(config);
  const inner = c.bn_size * c.growth_rate;
  const features: Record<string, unknown> = {
    conv0: conv(c.in_channels, c.num_init_features, 7),
    norm0: batchNormSpec(c.num_init_features),
  };
  let channels = c.num_init_features;
  c.block_config.forEach((layers, b) => {
    const block: Record<string, Spec<DenseLayerParams>> = {};
    for (let i = 1; i <= layers; i++) {
      block[`denselayer${i}`] = {
        norm1: batchNormSpec(channels),
        conv1: conv(channels, inner, 1),
        norm2: batchNormSpec(inner),
        conv2: conv(inner, c.growth_rate, 3),
      };
      channels += c.growth_rate;
    }
    features[`denseblock${b + 1}`] = block;
    if (b === c.block_config.length - 1) return;
    const half = Math.floor(channels / 2);
    features[`transition${b + 1}`] = { norm: batchNormSpec(channels), conv: conv(channels, half, 1) };
    channels = half;
  });
  features[LAST_NORM] = batchNormSpec(channels);
  return { features: features as Spec<DenseNetParams>['features'], classifier: linearSpec(channels, c.num_classes) };
}

/** Random weights; the caller disposes the tree. */
export function initDenseNet(config: DenseNetConfig, key: Key): DenseNetParams {
  return initialise<DenseNetParams>(densenetSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function densenetShapes(config: DenseNetConfig): Record<string, number[]> {
  return specShapes(densenetSpec(config));
}

/**
 * @param images [B, H, W, in_channels]; H and W of 32 or more
 * @throws TypeError where the shape is wrong, RangeError where the config asks for another network
 */
export function densenet(
  config: DenseNetConfig,
  params: DenseNetParams,
  images: tf.Tensor4D,
  { statistics, onBlock }: VisionOptions = {},
): DenseNetOutput {
  const c = complete(config);
  expectShape('densenet: images', images, `B H W ${c.in_channels}`);
  const features = params.features as Readonly<Record<string, unknown>>;
  const normRelu = (layer: BatchNormParams, x: tf.Tensor4D): tf.Tensor4D => tf.relu(batchNormLayer(layer, x, { eps: EPS, statistics }));
  const dense = (layer: DenseLayerParams, x: tf.Tensor4D): tf.Tensor4D =>
    scope(() => {
      const inner = convLayer(layer.conv1, normRelu(layer.norm1, x));
      const added = convLayer(layer.conv2, normRelu(layer.norm2, inner), { padding: 1 });
      return tf.concat([x, added], 3);
    });
  const transition = ({ norm, conv }: TransitionParams, x: tf.Tensor4D): tf.Tensor4D =>
    scope(() => averagePool(convLayer(conv, normRelu(norm, x)), { size: 2, stride: 2 }));
  return scope(() => {
    const stem = convLayer(features.conv0 as ConvParams, images, { stride: 2, padding: 3 });
    let x = maxPool(normRelu(features.norm0 as BatchNormParams, stem), { size: 3, stride: 2, padding: 1 });
    onBlock?.('pool0', x);
    c.block_config.forEach((layers, b) => {
      const block = features[`denseblock${b + 1}`] as Readonly<Record<string, DenseLayerParams>>;
      for (let i = 1; i <= layers; i++) x = dense(block[`denselayer${i}`]!, x);
      onBlock?.(`denseblock${b + 1}`, x);
      if (b === c.block_config.length - 1) return;
      x = transition(features[`transition${b + 1}`] as TransitionParams, x);
      onBlock?.(`transition${b + 1}`, x);
    });
    const normal = batchNormLayer(features[LAST_NORM] as BatchNormParams, x, { eps: EPS, statistics });
    onBlock?.(LAST_NORM, normal);
    const pooled = averageAll(tf.relu(normal));
    return { pooled, logits: linearLayer(params.classifier, pooled) };
  });
}

/** ResNet (He et al. 2016, arXiv:1512.03385) as torchvision has it: in a bottleneck the 3×3 convolution halves the map ("version 1.5"); with groups, ResNeXt. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { completeSettings, type Defaults, is, optional } from '../files/internal';
import { type BatchNormParams, type ConvParams, convLayer, type LinearParams, linearLayer, type Spec } from '../nn';
import {
  averageAll,
  batchNormLayer,
  batchNormSpec,
  convSpec,
  groupedConvLayer,
  initialise,
  linearSpec,
  MOST_LAYERS,
  maxPool,
  specShapes,
} from '../nn/internal';
import type { VisionOptions } from './options';

/** torchvision's arguments, with the widths; ResNet-50 by default. */
export interface ResNetConfig {
  /** Two 3×3 convolutions, or 1×1, 3×3, 1×1 with four times the width behind. */
  block?: 'BasicBlock' | 'Bottleneck';
  /** Blocks of each of the four stages. Default 3, 4, 6, 3. */
  layers?: readonly number[];
  /** Widths of the stages. Default 64, 128, 256, 512. */
  planes?: readonly number[];
  /** Channels of the stem. Default 64. */
  stem?: number;
  /** Of the bottlenecks' 3×3 convolutions. Default 1. */
  groups?: number;
  /** Of a group in a stage of 64 planes. Default 64. */
  width_per_group?: number;
  /** 0: no last layer, the logits are the means. */
  num_classes?: number;
  in_channels?: number;
}

type Complete = Required<ResNetConfig>;

type BlockParams = {
  conv1: ConvParams;
  bn1: BatchNormParams;
  conv2: ConvParams;
  bn2: BatchNormParams;
  conv3?: ConvParams;
  bn3?: BatchNormParams;
  /** Where a block changes size or width. */
  downsample?: [ConvParams, BatchNormParams];
};

export type ResNetParams = {
  conv1: ConvParams;
  bn1: BatchNormParams;
  layer1: BlockParams[];
  layer2: BlockParams[];
  layer3: BlockParams[];
  layer4: BlockParams[];
  fc?: LinearParams;
};

/** Results; the caller disposes both. */
export type ResNetOutput = {
  /** Means over the last maps, [B, C]. */
  pooled: tf.Tensor2D;
  /** [B, num_classes], or the means where there are none. */
  logits: tf.Tensor2D;
};

const EPS = 1e-5;
const STAGES = [1, 2, 3, 4] as const;
const size = is.whole(1);

const SETTINGS: Defaults<Complete> = {
  block: optional<'BasicBlock' | 'Bottleneck'>(is.oneOf('BasicBlock', 'Bottleneck'), 'Bottleneck'),
  layers: optional<readonly number[]>(is.list(is.whole(1, MOST_LAYERS), 4, 4), [3, 4, 6, 3]),
  planes: optional<readonly number[]>(is.list(size, 4, 4), [64, 128, 256, 512]),
  stem: optional(size, 64),
  groups: optional(size, 1),
  width_per_group: optional(size, 64),
  num_classes: optional(is.whole(0), 1000),
  in_channels: optional(size, 3),
};

function complete(config: ResNetConfig): Complete {
  const c = completeSettings('resnet', config, SETTINGS, { class: is.oneOf('ResNet') });
  if (c.block === 'BasicBlock' && (c.groups !== 1 || c.width_per_group !== 64))
    throw new RangeError('resnet: groups and width_per_group belong to Bottleneck; BasicBlock has 1 and 64');
  return c;
}

/** Channels inside a bottleneck, and behind a block. */
function widths({ block, groups, width_per_group }: Complete, planes: number): { inner: number; outer: number } {
  if (block === 'BasicBlock') return { inner: planes, outer: planes };
  return { inner: Math.floor((planes * width_per_group) / 64) * groups, outer: 4 * planes };
}

/** A convolution as torchvision starts it: He et al. 2015, by what comes out, without bias. */
function conv(inputs: number, outputs: number, kernel: number, groups: number = 1): Spec<ConvParams> {
  return convSpec(inputs / groups, outputs, kernel, { noBias: true, std: Math.sqrt(2 / (kernel * kernel * outputs)) });
}

function blockSpec(c: Complete, inputs: number, planes: number, stride: number): Spec<BlockParams> {
  const { inner, outer } = widths(c, planes);
  const isBasic = c.block === 'BasicBlock';
  const both = isBasic
    ? { conv1: conv(inputs, planes, 3), conv2: conv(planes, planes, 3) }
    : { conv1: conv(inputs, inner, 1), conv2: conv(inner, inner, 3, c.groups), conv3: conv(inner, outer, 1), bn3: batchNormSpec(outer) };
  const downsample: Spec<[ConvParams, BatchNormParams]> = [conv(inputs, outer, 1), batchNormSpec(outer)];
  return {
    ...both,
    bn1: batchNormSpec(inner),
    bn2: batchNormSpec(inner),
    ...(stride !== 1 || inputs !== outer ? { downsample } : {}),
  } as Spec<BlockParams>;
}

const strideOf = (stage: number, block: number): number => (stage > 1 && block === 0 ? 2 : 1);

function resnetSpec(config: ResNetConfig): Spec<ResNetParams> {
  const c = complete(config);
  let channels = c.stem;
  const stages = STAGES.map((stage) => {
    const planes = c.planes[stage - 1]!;
    const blocks = Array.from({ length: c.layers[stage - 1]! }, (_, i) => {
      const spec = blockSpec(c, channels, planes, strideOf(stage, i));
      channels = widths(c, planes).outer;
      return spec;
    });
    return [`layer${stage}`, blocks];
  });
  return {
    conv1: conv(c.in_channels, c.stem, 7),
    bn1: batchNormSpec(c.stem),
    ...(Object.fromEntries(stages) as Spec<Pick<ResNetParams, 'layer1' | 'layer2' | 'layer3' | 'layer4'>>),
    ...(c.num_classes > 0 && { fc: linearSpec(channels, c.num_classes) }),
  };
}

/** Random weights; the caller disposes the tree. */
export function initResNet(config: ResNetConfig, key: Key): ResNetParams {
  return initialise<ResNetParams>(resnetSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function resnetShapes(config: ResNetConfig): Record<string, number[]> {
  return specShapes(resnetSpec(config));
}

/**
 * @param images [B, H, W, in_channels]
 * @throws TypeError where the shape is wrong, RangeError where the config asks for another network
 */
export function resnet(
  config: ResNetConfig,
  params: ResNetParams,
  images: tf.Tensor4D,
  { statistics, onBlock }: VisionOptions = {},
): ResNetOutput {
  const c = complete(config);
  expectShape('resnet: images', images, `B H W ${c.in_channels}`);
  const norm = (layer: BatchNormParams, x: tf.Tensor4D): tf.Tensor4D => batchNormLayer(layer, x, { eps: EPS, statistics });
  const block = (p: BlockParams, x: tf.Tensor4D, stride: number): tf.Tensor4D =>
    scope(() => {
      let h: tf.Tensor4D;
      if (p.conv3 && p.bn3) {
        h = tf.relu(norm(p.bn1, convLayer(p.conv1, x)));
        h = tf.relu(norm(p.bn2, groupedConvLayer(p.conv2, h, { groups: c.groups, stride, padding: 1 })));
        h = norm(p.bn3, convLayer(p.conv3, h));
      } else {
        h = tf.relu(norm(p.bn1, convLayer(p.conv1, x, { stride, padding: 1 })));
        h = norm(p.bn2, convLayer(p.conv2, h, { padding: 1 }));
      }
      const shortcut = p.downsample ? norm(p.downsample[1], convLayer(p.downsample[0], x, { stride })) : x;
      return tf.relu(tf.add(h, shortcut) as tf.Tensor4D);
    });
  return scope(() => {
    const stem = tf.relu(norm(params.bn1, convLayer(params.conv1, images, { stride: 2, padding: 3 })));
    let x = maxPool(stem, { size: 3, stride: 2, padding: 1 });
    onBlock?.('stem', x);
    for (const stage of STAGES) {
      params[`layer${stage}`].forEach((layer, i) => {
        x = block(layer, x, strideOf(stage, i));
      });
      onBlock?.(`layer${stage}`, x);
    }
    const pooled = averageAll(x);
    return { pooled, logits: params.fc ? linearLayer(params.fc, pooled) : tf.clone(pooled) };
  });
}

/** EfficientNet-Lite0 (Tan and Le 2019, arXiv:1905.11946; without squeeze and excitation, with ReLU6), named as in efficientnet-lite-pytorch. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectShape } from '../engine/internal';
import { type BatchNormParams, type ConvParams, type LinearParams, linearLayer, type Spec } from '../nn';
import { averageAll, batchNormLayer, batchNormSpec, convSpec, groupedConvLayer, linearSpec, specShapes } from '../nn/internal';
import type { VisionOptions } from './options';

type BlockParams = {
  /** Absent in the first block, which does not expand. */
  _expand_conv?: ConvParams;
  _bn0?: BatchNormParams;
  _depthwise_conv: ConvParams;
  _bn1: BatchNormParams;
  _project_conv: ConvParams;
  _bn2: BatchNormParams;
};

export type EfficientNetLiteParams = {
  _conv_stem: ConvParams;
  _bn0: BatchNormParams;
  _blocks: BlockParams[];
  _conv_head: ConvParams;
  _bn1: BatchNormParams;
  _fc: LinearParams;
};

/** Results; the caller disposes both. */
export type EfficientNetLiteOutput = {
  /** [B, 1280]. */
  pooled: tf.Tensor2D;
  /** [B, 1000]. */
  logits: tf.Tensor2D;
};

const EPS = 1e-3;
const [STEM, HEAD, CLASSES] = [32, 1280, 1000] as const;

/** Table 1 of the paper: repeats, kernel, the first one's stride, expansion, channels out. */
const STAGES: readonly (readonly [repeats: number, kernel: number, stride: number, expansion: number, outputs: number])[] = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
];

interface BlockShape {
  readonly inputs: number;
  readonly inner: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
}

const SHAPES: readonly BlockShape[] = STAGES.flatMap(([repeats, kernel, stride, expansion, outputs], s) =>
  Array.from({ length: repeats }, (_, i) => {
    const inputs = i > 0 ? outputs : (STAGES[s - 1]?.[4] ?? STEM);
    return { inputs, inner: inputs * expansion, outputs, kernel, stride: i > 0 ? 1 : stride };
  }),
);

function blockSpec({ inputs, inner, outputs, kernel }: BlockShape): Spec<BlockParams> {
  const bare = { noBias: true };
  return {
    ...(inner === inputs ? {} : { _expand_conv: convSpec(inputs, inner, 1, bare), _bn0: batchNormSpec(inner) }),
    _depthwise_conv: convSpec(1, inner, kernel, bare),
    _bn1: batchNormSpec(inner),
    _project_conv: convSpec(inner, outputs, 1, bare),
    _bn2: batchNormSpec(outputs),
  };
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function efficientNetLiteShapes(): Record<string, number[]> {
  const last = SHAPES.at(-1)!.outputs;
  const spec: Spec<EfficientNetLiteParams> = {
    _conv_stem: convSpec(3, STEM, 3, { noBias: true }),
    _bn0: batchNormSpec(STEM),
    _blocks: SHAPES.map(blockSpec),
    _conv_head: convSpec(last, HEAD, 1, { noBias: true }),
    _bn1: batchNormSpec(HEAD),
    _fc: linearSpec(HEAD, CLASSES),
  };
  return specShapes(spec);
}

/** TensorFlow's SAME padding: the odd row and column go below and to the right. */
function convSame(conv: ConvParams, x: tf.Tensor4D, stride: number, groups: number): tf.Tensor4D {
  const [top, bottom, left, right] = [0, 1].flatMap((axis) => {
    const [size, kernel] = [x.shape[axis + 1]!, conv.weight.shape[axis]!];
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }) as [number, number, number, number];
  return groupedConvLayer(conv, x, { stride, groups, padding: [top, bottom, left, right] });
}

/**
 * @param images [B, H, W, 3], (pixel - 127) / 128; trained on 224 × 224
 * @throws TypeError where the shape is wrong
 */
export function efficientNetLite(
  params: EfficientNetLiteParams,
  images: tf.Tensor4D,
  { statistics, onBlock }: VisionOptions = {},
): EfficientNetLiteOutput {
  expectShape('efficientNetLite: images', images, 'B H W 3');
  const norm = (layer: BatchNormParams, x: tf.Tensor4D): tf.Tensor4D => batchNormLayer(layer, x, { eps: EPS, statistics });
  const conv = (layer: ConvParams, bn: BatchNormParams, x: tf.Tensor4D, stride: number = 1, groups: number = 1): tf.Tensor4D =>
    scope(() => tf.relu6(norm(bn, convSame(layer, x, stride, groups))));
  const block = (p: BlockParams, { inputs, inner, outputs, stride }: BlockShape, x: tf.Tensor4D): tf.Tensor4D =>
    scope(() => {
      const expanded = p._expand_conv && p._bn0 ? conv(p._expand_conv, p._bn0, x) : x;
      const moved = conv(p._depthwise_conv, p._bn1, expanded, stride, inner);
      const projected = norm(p._bn2, convSame(p._project_conv, moved, 1, 1));
      return stride === 1 && inputs === outputs ? tf.add(projected, x) : projected;
    });
  return scope(() => {
    let x = conv(params._conv_stem, params._bn0, images, 2);
    onBlock?.('stem', x);
    params._blocks.forEach((layer, i) => {
      x = block(layer, SHAPES[i]!, x);
      onBlock?.(`block${i}`, x);
    });
    const pooled = averageAll(conv(params._conv_head, params._bn1, x));
    return { pooled, logits: linearLayer(params._fc, pooled) };
  });
}

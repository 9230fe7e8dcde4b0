/**
 * Inception v3 (Szegedy et al. 2016, arXiv:1512.00567) as the Fréchet inception distance has it: the network of 2015 with 1008 outputs, whose averages leave
 * borders out and whose last block pools maxima. Parameters are named as in torch-fidelity and pytorch-fid.
 */

import * as tf from '@tensorflow/tfjs-core';
import { linear, scope } from '../engine';
import { expectShape } from '../engine/internal';
import { type BatchNormParams, type ConvParams, convLayer, type LinearParams, type Spec } from '../nn';
import { averageAll, averageAround, batchNormLayer, batchNormSpec, linearSpec, maxPool, specShapes } from '../nn/internal';
import { BLOCKS, type Block, type Branch, type ConvStep, STEM } from './inception-blocks';
import { interpolate } from './interpolate';

type ConvNormParams = { conv: ConvParams; bn: BatchNormParams };

/** Convolutions of the stem by name, blocks of them by name, and the outputs' layer. */
export type InceptionParams = { readonly [name: string]: ConvNormParams | { readonly [name: string]: ConvNormParams } } & {
  readonly fc: LinearParams;
};

/** Features of images; the caller disposes them. */
export type InceptionOutput = {
  /** Means of the maps behind the first and second pooling and behind Mixed_6e. */
  64: tf.Tensor2D;
  192: tf.Tensor2D;
  768: tf.Tensor2D;
  /** What FID is measured in (`pool3`), [B, 2048]. */
  2048: tf.Tensor2D;
  /** [B, 1008], the biases not added: what the inception score is taken from. */
  logitsUnbiased: tf.Tensor2D;
  logits: tf.Tensor2D;
};

/**
 * How images are brought to the network: TensorFlow 1.x's rule and (x - 128) / 128, as torch-fidelity and torchmetrics do it like the original; or PyTorch's
 * rule and 2 x / 255 - 1, as pytorch-fid does it.
 */
export type InceptionInput = 'tensorflow' | 'pytorch-fid';

const EPS = 1e-3;
/** Pixels a side, and its outputs. */
const SIDE = 299;
const OUTPUTS = 1008;

function stepSpec({ kernel: [height, width], outputs }: ConvStep, inputs: number): Spec<ConvNormParams> {
  const bound = 1 / Math.sqrt(height * width * inputs);
  return { conv: { weight: { shape: [height, width, inputs, outputs], init: { kind: 'uniform', bound } } }, bn: batchNormSpec(outputs) };
}

function inceptionSpec(): Spec<InceptionParams> {
  const spec: Record<string, unknown> = {};
  let channels = 3;
  const add = (steps: readonly ConvStep[], target: Record<string, unknown>, inputs: number): number => {
    let width = inputs;
    for (const step of steps) {
      target[step.name] = stepSpec(step, width);
      width = step.outputs;
    }
    return width;
  };
  for (const step of STEM) if ('kernel' in step) channels = add([step], spec, channels);
  for (const { name, branches, pool } of BLOCKS) {
    const block: Record<string, unknown> = {};
    let outputs = 0;
    for (const { steps, ends } of branches) {
      const width = add(steps, block, channels);
      for (const end of ends ?? []) outputs += add([end], block, width);
      if (!ends) outputs += width;
    }
    outputs += pool.projection ? add([pool.projection], block, channels) : channels;
    spec[name] = block;
    channels = outputs;
  }
  return { ...spec, fc: linearSpec(channels, OUTPUTS) } as unknown as Spec<InceptionParams>;
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function inceptionShapes(): Record<string, number[]> {
  return specShapes(inceptionSpec());
}

function convNorm({ conv, bn }: ConvNormParams, { stride, padding: [y, x] }: ConvStep, images: tf.Tensor4D): tf.Tensor4D {
  return scope(() => tf.relu(batchNormLayer(bn, convLayer(conv, images, { stride, padding: [y, y, x, x] }), { eps: EPS })));
}

function mixed({ branches, pool }: Block, params: Readonly<Record<string, ConvNormParams>>, x: tf.Tensor4D): tf.Tensor4D {
  const run = (h: tf.Tensor4D, step: ConvStep): tf.Tensor4D => convNorm(params[step.name]!, step, h);
  const branch = ({ steps, ends }: Branch): tf.Tensor4D[] => {
    const h = steps.reduce(run, x);
    return ends ? ends.map((end) => run(h, end)) : [h];
  };
  return scope(() => {
    const pooled =
      pool.kind === 'average' ? averageAround(x, 3) : maxPool(x, { size: 3, stride: pool.stride, padding: pool.stride === 1 ? 1 : 0 });
    return tf.concat([...branches.flatMap(branch), pool.projection ? run(pooled, pool.projection) : pooled], 3);
  });
}

/**
 * @param images [B, H, W, 3], 0 to 255, of any size: they are resized here
 * @throws TypeError where the shape is wrong
 */
export function inception(params: InceptionParams, images: tf.Tensor4D, input: InceptionInput = 'tensorflow'): InceptionOutput {
  expectShape('inception: images', images, 'B H W 3');
  const blocks = params as unknown as Readonly<Record<string, Readonly<Record<string, ConvNormParams>>>>;
  const stem = params as unknown as Readonly<Record<string, ConvNormParams>>;
  return scope(() => {
    const rule = input === 'tensorflow' ? 'bilinear-corner' : 'bilinear';
    const resized = interpolate(images, [SIDE, SIDE], rule);
    let x = (input === 'tensorflow' ? tf.div(tf.sub(resized, 128), 128) : tf.sub(tf.mul(resized, 2 / 255), 1)) as tf.Tensor4D;
    const pools: tf.Tensor2D[] = [];
    for (const step of STEM) {
      x = 'kernel' in step ? convNorm(stem[step.name]!, step, x) : maxPool(x, { size: 3, stride: 2 });
      if (!('kernel' in step)) pools.push(averageAll(x));
    }
    for (const block of BLOCKS) {
      x = mixed(block, blocks[block.name]!, x);
      if (block.name === 'Mixed_6e') pools.push(averageAll(x));
    }
    const features = averageAll(x);
    const logitsUnbiased = linear(features, params.fc.weight);
    return {
      64: pools[0]!,
      192: pools[1]!,
      768: pools[2]!,
      2048: features,
      logitsUnbiased,
      logits: tf.add(logitsUnbiased, params.fc.bias!),
    };
  });
}

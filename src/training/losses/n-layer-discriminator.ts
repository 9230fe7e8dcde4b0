/**
 * The discriminator of patches that VQ-GAN was published with (Isola et al. 2017, arXiv:1611.07004; `NLayerDiscriminator` of taming-transformers): batch
 * norms, always of the batch's own statistics in training, and a last stage that does not halve.
 */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope } from '../../engine';
import { type BatchNormParams, type BatchStatistics, type ConvParams, convLayer, type Spec } from '../../nn';
import { batchNormLayer, batchNormSpec, convSpec, initialise, specShapes } from '../../nn/internal';

export type NLayerDiscriminatorParams = { stages: { conv: ConvParams; norm?: BatchNormParams }[]; out: ConvParams };

export interface NLayerDiscriminatorConfig {
  /** Channels of the images. */
  readonly channels: number;
  /** Channels of the first stage; each doubles them, to eight times as many. */
  readonly width: number;
  /** Stages that halve the image. */
  readonly layers: number;
}

const LEAK = 0.2;
/** PyTorch's. */
const EPS = 1e-5;
const INIT = { std: 0.02 } as const;

function discriminatorSpec({ channels, width, layers }: NLayerDiscriminatorConfig): Spec<NLayerDiscriminatorParams> {
  const widths = Array.from({ length: layers + 1 }, (_, i) => width * Math.min(2 ** i, 8));
  const stages = widths.map((outputs, i) =>
    i === 0
      ? { conv: convSpec(channels, outputs, 4, INIT) }
      : { conv: convSpec(widths[i - 1]!, outputs, 4, { ...INIT, noBias: true }), norm: batchNormSpec(outputs) },
  );
  return { stages: stages as Spec<NLayerDiscriminatorParams>['stages'], out: convSpec(widths[layers]!, 1, 4, INIT) };
}

/** Random weights, normal with deviation 0.02; the caller disposes them. */
export function initNLayerDiscriminator(config: NLayerDiscriminatorConfig, key: Key): NLayerDiscriminatorParams {
  return initialise<NLayerDiscriminatorParams>(discriminatorSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function nLayerDiscriminatorShapes(config: NLayerDiscriminatorConfig): Record<string, number[]> {
  return specShapes(discriminatorSpec(config));
}

/** From the published file's key (`main.8.weight`) to the tree's: a stage is a convolution, a norm and an activation. */
export function renameNLayerDiscriminator(layers: number): (key: string) => string {
  return (key) => {
    const [, index, rest] = /^main\.(\d+)\.(.+)$/.exec(key) ?? [];
    const at = Number(index);
    if (rest === undefined) return key;
    if (at === 3 * layers + 2) return `out.${rest}`;
    return at % 3 === 0 && at > 0 ? `stages.${at / 3}.norm.${rest}` : `stages.${Math.ceil(at / 3)}.conv.${rest}`;
  };
}

/**
 * @param images     [B, H, W, C], -1 to 1
 * @param statistics training mode (`withBatchStatistics`); without them the running ones
 * @returns          a logit for each patch, large for real, [B, h, w, 1]; the caller disposes it
 */
export function nLayerDiscriminator(
  { stages, out }: NLayerDiscriminatorParams,
  images: tf.Tensor4D,
  statistics?: BatchStatistics,
): tf.Tensor4D {
  const last = stages.length - 1;
  return scope(() => {
    let x = images;
    for (const [i, { conv, norm }] of stages.entries()) {
      const y = convLayer(conv, x, { stride: i === last ? 1 : 2, padding: 1 });
      x = tf.leakyRelu(norm ? batchNormLayer(norm, y, { eps: EPS, statistics }) : y, LEAK);
    }
    return convLayer(out, x, { padding: 1 });
  });
}

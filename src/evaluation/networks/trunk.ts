/** The small convolutional network below the heads that evaluations train from random weights. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../../engine';
import { type ConvParams, convLayer, groupNormLayer, type NormParams, type Spec } from '../../nn';
import { convSpec, normSpec } from '../../nn/internal';
import type { Optimisation } from '../../training';

/** How networks on it are trained. */
export const trunkOptimisation = (steps: number, batch: number): Optimisation => ({
  steps,
  batch_size: batch,
  learning_rate: { peak: 2e-3, schedule: 'cosine', warmup: Math.min(40, Math.ceil(steps / 8)), floor: 0.02 },
  betas: [0.9, 0.99],
  epsilon: 1e-8,
  weight_decay: 0.05,
  clip_norm: 1,
  precision: 'float32',
});

/** How far images are moved while it trains, as a fraction of their size: what it learns is not of places. */
export const SHIFT: number = 1 / 16;

export type TrunkParams = { stages: { conv: ConvParams; norm: NormParams }[] };

const [NARROWEST, WIDEST, GROUPS] = [16, 64, 8] as const;

/** Channels of each halving: as many of them as leave 4 to 7 pixels a side. */
function widths(size: number): number[] {
  const halvings = Math.max(1, Math.floor(Math.log2(size)) - 2);
  return Array.from({ length: halvings }, (_, i) => Math.min(WIDEST, NARROWEST * 2 ** i));
}

/** How many features `trunk` gives of images of this size. */
export const trunkWidth = (size: number): number => 2 * widths(size).at(-1)!;

export function trunkSpec(size: number): Spec<TrunkParams> {
  const outputs = widths(size);
  return {
    stages: outputs.map((width, i) => ({ conv: convSpec(i === 0 ? 1 : outputs[i - 1]!, width, 3), norm: normSpec(width) })),
  };
}

/**
 * @param images [B, size, size, 1], 0 to 1
 * @returns [B, trunkWidth(size)], each channel's mean and largest value over the image; the caller disposes it
 */
export function trunk(params: TrunkParams, images: tf.Tensor4D): tf.Tensor2D {
  return scope(() => {
    let x = tf.mul(tf.sub(images, 0.5), 4) as tf.Tensor4D;
    for (const { conv, norm } of params.stages)
      x = groupNormLayer(norm, convLayer(conv, x, { stride: 2, padding: 1 }), { groups: GROUPS, eps: 1e-5, silu: true });
    return tf.concat([tf.mean(x, [1, 2]), tf.max(x, [1, 2])], 1) as tf.Tensor2D;
  });
}

/** Copies image `row` of `pixels` into `out` at `at`, moved by whole pixels; what moves in repeats the edge. */
export function copyShifted(
  pixels: Float32Array,
  row: number,
  size: number,
  [dx, dy]: readonly [number, number],
  out: Float32Array,
  at: number,
): void {
  const last = size - 1;
  for (let y = 0; y < size; y++) {
    const from = (row * size + Math.min(last, Math.max(0, y + dy))) * size;
    for (let x = 0; x < size; x++) out[(at * size + y) * size + x] = pixels[from + Math.min(last, Math.max(0, x + dx))]!;
  }
}

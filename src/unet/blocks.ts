/** The blocks of the U-Net's way down, middle and way up. */

import * as tf from '@tensorflow/tfjs-core';
import { checkpoint } from '../engine';
import { downsample, type ResnetParams, resnetBlock, type Transformer2DParams, transformer2d, upsample } from '../nn';
import type { DownBlockParams, MidBlockParams, UpBlockParams } from './parameters';

/** What every block is given beside its input. */
export interface BlockContext {
  readonly groups: number;
  readonly eps: number;
  /** SiLU of the time embedding, [B, T]. */
  readonly time: tf.Tensor2D;
  /** Text, [B, L, D]. */
  readonly context: tf.Tensor3D;
  /** Added to the cross-attention's scores, [B, 1, 1, L]. */
  readonly contextMask?: tf.Tensor;
  /** Compute each layer again on the way back instead of keeping its inner results. */
  readonly checkpointing?: boolean;
}

type LayerParams = { resnet: ResnetParams; attention?: Transformer2DParams };
type LayerInputs = { x: tf.Tensor4D; time: tf.Tensor2D; context?: tf.Tensor3D; contextMask?: tf.Tensor };

/** A residual block and the transformer after it, where there is one. */
function layer(
  resnet: ResnetParams,
  attention: Transformer2DParams | undefined,
  heads: number,
  x: tf.Tensor4D,
  c: BlockContext,
): tf.Tensor4D {
  const { groups, eps, time, context, contextMask } = c;
  const run = (params: LayerParams, inputs: LayerInputs): tf.Tensor4D =>
    tf.tidy(() => {
      const h = resnetBlock(params.resnet, inputs.x, { groups, eps, time: inputs.time });
      return params.attention ? transformer2d(params.attention, h, inputs.context!, { heads, groups, contextMask: inputs.contextMask }) : h;
    });
  const inputs: LayerInputs = { x, time, ...(attention ? { context, contextMask } : {}) };
  return c.checkpointing ? checkpoint(run, { resnet, attention }, inputs) : run({ resnet, attention }, inputs);
}

/** @returns the outputs of all layers and of the halving, in order; the last is the block's output */
export function downBlock(params: DownBlockParams, heads: number, x: tf.Tensor4D, c: BlockContext): tf.Tensor4D[] {
  return tf.tidy(() => {
    const outputs: tf.Tensor4D[] = [];
    let h = x;
    params.resnets.forEach((resnet, i) => {
      h = layer(resnet, params.attentions?.[i], heads, h, c);
      outputs.push(h);
    });
    if (params.downsamplers) outputs.push(downsample(params.downsamplers[0], h, 1));
    return outputs;
  });
}

/** A residual block, a transformer, a residual block. */
export function midBlock(params: MidBlockParams, heads: number, x: tf.Tensor4D, c: BlockContext): tf.Tensor4D {
  return tf.tidy(() => layer(params.resnets[1], undefined, heads, layer(params.resnets[0], params.attentions[0], heads, x, c), c));
}

/**
 * @param skips outputs of the way down, one for each residual block, the nearest first; concatenated after `x`'s channels
 * @param size  [height, width] of the next block's skips
 */
export function upBlock(
  params: UpBlockParams,
  heads: number,
  x: tf.Tensor4D,
  skips: readonly tf.Tensor4D[],
  size: readonly [number, number] | undefined,
  c: BlockContext,
): tf.Tensor4D {
  return tf.tidy(() => {
    let h = x;
    params.resnets.forEach((resnet, i) => {
      h = layer(resnet, params.attentions?.[i], heads, tf.concat([h, skips[i]!], 3), c);
    });
    return params.upsamplers ? upsample(params.upsamplers[0], h, size) : h;
  });
}

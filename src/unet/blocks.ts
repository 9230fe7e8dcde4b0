/** The blocks of the U-Net: encoder path, middle, decoder path. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { checkpoint } from '../engine/internal';
import type { KeysAndValues, ResnetParams, Transformer2DParams } from '../nn';
import { downsample, resnetBlock, transformer2d, upsample } from '../nn/internal';
import type { BlockKeys } from './context';
import type { DownBlockParams, MidBlockParams, UpBlockParams } from './parameters';

/** What every block is given beside its input. */
export interface BlockContext {
  readonly groups: number;
  readonly eps: number;
  /** SiLU of the time embedding, [B, T]. */
  readonly time: tf.Tensor2D;
  /** Added to the cross-attention's scores, [B, 1, 1, L]. */
  readonly contextMask?: tf.Tensor;
  readonly onAttention?: AttentionObserver;
  /** Recompute each layer's inner results in the backward pass instead of keeping them. */
  readonly checkpointing?: boolean;
}

/**
 * Sees how much each position of the latents attends to each token of the text in one cross-attention.
 *
 * @param name    its key in the parameters, `down_blocks.1.attentions.0.transformer_blocks.0.attn2`
 * @param weights [B, heads, height · width, L], sums over L are 1; borrowed
 * @param size    [height, width] of the latents there
 */
export type AttentionObserver = (name: string, weights: tf.Tensor4D, size: readonly [height: number, width: number]) => void;

type LayerParams = { resnet: ResnetParams; attention?: Transformer2DParams };
type LayerInputs = { x: tf.Tensor4D; time: tf.Tensor2D; text?: readonly KeysAndValues[]; contextMask?: tf.Tensor };

/** A residual block and the transformer after it, if there is one, with its keys and values of the text. */
function layer(
  resnet: ResnetParams,
  attention: Transformer2DParams | undefined,
  text: readonly KeysAndValues[] | undefined,
  heads: number,
  x: tf.Tensor4D,
  c: BlockContext,
  name: string,
): tf.Tensor4D {
  const { groups, eps, time, contextMask, onAttention } = c;
  const run = (params: LayerParams, inputs: LayerInputs): tf.Tensor4D =>
    scope(() => {
      const h = resnetBlock(params.resnet, inputs.x, { groups, eps, time: inputs.time });
      if (!params.attention) return h;
      const size = [h.shape[1], h.shape[2]] as const;
      const observer = onAttention && {
        onAttention: (block: number, weights: tf.Tensor4D): void => onAttention(`${name}.transformer_blocks.${block}.attn2`, weights, size),
      };
      return transformer2d(params.attention, h, inputs.text!, { heads, groups, contextMask: inputs.contextMask, ...observer });
    });
  const inputs: LayerInputs = { x, time, ...(attention ? { text, contextMask } : {}) };
  return c.checkpointing ? checkpoint(run, { resnet, attention }, inputs) : run({ resnet, attention }, inputs);
}

/**
 * @param text the block's keys and values of the context
 * @param name its key in the parameters
 * @returns    the outputs of all layers and of the halving, in order; the last is the block's output
 */
export function downBlock(
  params: DownBlockParams,
  heads: number,
  x: tf.Tensor4D,
  text: BlockKeys,
  c: BlockContext,
  name: string,
): tf.Tensor4D[] {
  return scope(() => {
    const outputs: tf.Tensor4D[] = [];
    let h = x;
    params.resnets.forEach((resnet, i) => {
      h = layer(resnet, params.attentions?.[i], text.attentions?.[i], heads, h, c, `${name}.attentions.${i}`);
      outputs.push(h);
    });
    if (params.downsamplers) outputs.push(downsample(params.downsamplers[0], h, 1));
    return outputs;
  });
}

/** A residual block, a transformer, a residual block. */
export function midBlock(params: MidBlockParams, heads: number, x: tf.Tensor4D, text: BlockKeys, c: BlockContext): tf.Tensor4D {
  return scope(() => {
    const h = layer(params.resnets[0], params.attentions[0], text.attentions?.[0], heads, x, c, 'mid_block.attentions.0');
    return layer(params.resnets[1], undefined, undefined, heads, h, c, 'mid_block');
  });
}

/**
 * @param text  the block's keys and values of the context
 * @param skips outputs of the encoder path, one per residual block, the nearest first; concatenated after `x`'s channels
 * @param size  [height, width] of the next block's skips
 * @param name  its key in the parameters
 */
export function upBlock(
  params: UpBlockParams,
  heads: number,
  x: tf.Tensor4D,
  text: BlockKeys,
  skips: readonly tf.Tensor4D[],
  size: readonly [number, number] | undefined,
  c: BlockContext,
  name: string,
): tf.Tensor4D {
  return scope(() => {
    let h = x;
    params.resnets.forEach((resnet, i) => {
      h = layer(resnet, params.attentions?.[i], text.attentions?.[i], heads, tf.concat([h, skips[i]!], 3), c, `${name}.attentions.${i}`);
    });
    return params.upsamplers ? upsample(params.upsamplers[0], h, size) : h;
  });
}

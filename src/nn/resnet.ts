/** The residual block of Stable Diffusion's U-Net and autoencoder: He et al. 2016 with group norms and, in the U-Net, the time. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { addChannelBias } from '../engine/internal';
import { type ConvParams, convLayer, convSpec, groupNormLayer, type LinearParams, linearSpec, type NormParams, normSpec } from './layers';
import { linearLayer } from './lora';
import type { Spec } from './parameters';

export type ResnetParams = {
  norm1: NormParams;
  conv1: ConvParams;
  /** Projects the time embedding; only in the U-Net. */
  time_emb_proj?: LinearParams;
  norm2: NormParams;
  conv2: ConvParams;
  /** A 1×1 convolution where the number of channels changes. */
  conv_shortcut?: ConvParams;
};

export interface ResnetOptions {
  readonly groups: number;
  readonly eps: number;
  /** SiLU of the time embedding, [B, T]; needed where the block has `time_emb_proj`. */
  readonly time?: tf.Tensor2D;
}

/** @param timeChannels size of the time embedding; none by default, as in the autoencoder */
export function resnetSpec(inputs: number, outputs: number, timeChannels?: number): Spec<ResnetParams> {
  return {
    norm1: normSpec(inputs),
    conv1: convSpec(inputs, outputs, 3),
    ...(timeChannels === undefined ? {} : { time_emb_proj: linearSpec(timeChannels, outputs) }),
    norm2: normSpec(outputs),
    conv2: convSpec(outputs, outputs, 3),
    ...(inputs === outputs ? {} : { conv_shortcut: convSpec(inputs, outputs, 1) }),
  };
}

/** @param x [B, H, W, in]; returns [B, H, W, out] */
export function resnetBlock(params: ResnetParams, x: tf.Tensor4D, { groups, eps, time }: ResnetOptions): tf.Tensor4D {
  return scope(() => {
    let h = groupNormLayer(params.norm1, x, { groups, eps, silu: true });
    h = convLayer(params.conv1, h, { padding: 1 });
    if (params.time_emb_proj && time) h = addChannelBias(h, linearLayer(params.time_emb_proj, time));
    h = groupNormLayer(params.norm2, h, { groups, eps, silu: true });
    h = convLayer(params.conv2, h, { padding: 1 });
    const residual = params.conv_shortcut ? convLayer(params.conv_shortcut, x) : x;
    return tf.add(residual, h);
  });
}

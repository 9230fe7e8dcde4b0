/** The parameters of AutoencoderKL: dotted paths are the keys of diffusers' files. */

import type { Key } from '../engine';
import type { AttentionParams, ConvParams, NormParams, ResampleParams, ResnetParams, Spec } from '../nn';
import { attentionSpec, convSpec, initialise, normSpec, resampleSpec, resnetSpec, specShapes } from '../nn/internal';
import { attends, type CompleteTrunkConfig, type CompleteVaeConfig, completeVaeConfig, type VaeConfig } from './config';

/** Self-attention over pixels, with one head. */
export type VaeAttentionParams = { group_norm: NormParams } & AttentionParams;

export type VaeMidBlockParams = { resnets: [ResnetParams, ResnetParams]; attentions?: [VaeAttentionParams] };

export type EncoderParams = {
  conv_in: ConvParams;
  down_blocks: { resnets: ResnetParams[]; attentions?: VaeAttentionParams[]; downsamplers?: [ResampleParams] }[];
  mid_block: VaeMidBlockParams;
  conv_norm_out: NormParams;
  conv_out: ConvParams;
};

export type DecoderParams = {
  conv_in: ConvParams;
  mid_block: VaeMidBlockParams;
  up_blocks: { resnets: ResnetParams[]; attentions?: VaeAttentionParams[]; upsamplers?: [ResampleParams] }[];
  conv_norm_out: NormParams;
  conv_out: ConvParams;
};

export type VaeParams = {
  encoder: EncoderParams;
  quant_conv?: ConvParams;
  post_quant_conv?: ConvParams;
  decoder: DecoderParams;
};

const pixelAttentionSpec = (channels: number): Spec<VaeAttentionParams> =>
  ({
    group_norm: normSpec(channels),
    ...attentionSpec({ channels, inner: channels, context: channels, qkvBias: true }),
  }) as Spec<VaeAttentionParams>;

/** A level's attentions, one for each of its residual blocks, where its type has them. */
const attentionSpecs = (has: boolean, channels: number, n: number): { attentions?: Spec<VaeAttentionParams>[] } =>
  has ? { attentions: Array.from({ length: n }, () => pixelAttentionSpec(channels)) } : {};

function midBlockSpec(channels: number, attention: boolean): Spec<VaeMidBlockParams> {
  return {
    resnets: [resnetSpec(channels, channels), resnetSpec(channels, channels)],
    ...(attention ? { attentions: [pixelAttentionSpec(channels)] } : {}),
  } as Spec<VaeMidBlockParams>;
}

/** `n` residual blocks, the first of which changes the number of channels. */
function resnetSpecs(inputs: number, outputs: number, n: number): Spec<ResnetParams>[] {
  return Array.from({ length: n }, (_, i) => resnetSpec(i === 0 ? inputs : outputs, outputs));
}

/** @param outputs channels of the encoder's last convolution */
export function encoderSpec(c: CompleteTrunkConfig, outputs: number): Spec<EncoderParams> {
  const channels = c.block_out_channels;
  const lowest = channels.length - 1;
  return {
    conv_in: convSpec(c.in_channels, channels[0]!, 3),
    down_blocks: channels.map((width, level) => ({
      resnets: resnetSpecs(channels[level - 1] ?? width, width, c.layers_per_block),
      ...attentionSpecs(attends(c.down_block_types[level]!), width, c.layers_per_block),
      ...(level < lowest ? { downsamplers: [resampleSpec(width)] as [Spec<ResampleParams>] } : {}),
    })),
    mid_block: midBlockSpec(channels[lowest]!, c.mid_block_add_attention),
    conv_norm_out: normSpec(channels[lowest]!),
    conv_out: convSpec(channels[lowest]!, outputs, 3),
  };
}

/** @param inputs channels of the latents that the decoder sees */
export function decoderSpec(c: CompleteTrunkConfig, inputs: number): Spec<DecoderParams> {
  const channels = [...c.block_out_channels].reverse();
  const top = channels.length - 1;
  return {
    conv_in: convSpec(inputs, channels[0]!, 3),
    mid_block: midBlockSpec(channels[0]!, c.mid_block_add_attention),
    up_blocks: channels.map((outputs, i) => ({
      resnets: resnetSpecs(channels[i - 1] ?? outputs, outputs, c.layers_per_block + 1),
      ...attentionSpecs(attends(c.up_block_types[i]!), outputs, c.layers_per_block + 1),
      ...(i < top ? { upsamplers: [resampleSpec(outputs)] as [Spec<ResampleParams>] } : {}),
    })),
    conv_norm_out: normSpec(channels[top]!),
    conv_out: convSpec(channels[top]!, c.out_channels, 3),
  };
}

/** The description of all parameters. */
function vaeSpec(c: CompleteVaeConfig): Spec<VaeParams> {
  return {
    encoder: encoderSpec(c, 2 * c.latent_channels),
    ...(c.use_quant_conv ? { quant_conv: convSpec(2 * c.latent_channels, 2 * c.latent_channels, 1) } : {}),
    ...(c.use_post_quant_conv ? { post_quant_conv: convSpec(c.latent_channels, c.latent_channels, 1) } : {}),
    decoder: decoderSpec(c, c.latent_channels),
  };
}

/** Random weights, as PyTorch's layers start. The caller disposes the tree. */
export function initVae(config: VaeConfig, key: Key): VaeParams {
  return initialise<VaeParams>(vaeSpec(completeVaeConfig(config)), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function vaeShapes(config: VaeConfig): Record<string, number[]> {
  return specShapes(vaeSpec(completeVaeConfig(config)));
}

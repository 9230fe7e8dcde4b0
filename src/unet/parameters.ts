/** The parameters of UNet2DConditionModel: dotted paths are the keys of diffusers' files. */

import type { Key } from '../engine';
import type {
  ConvParams,
  EmbeddingParams,
  NormParams,
  ResampleParams,
  ResnetParams,
  Spec,
  TimestepMlpParams,
  Transformer2DParams,
} from '../nn';
import {
  convSpec,
  embeddingSpec,
  initialise,
  normSpec,
  resampleSpec,
  resnetSpec,
  specShapes,
  timestepMlpSpec,
  transformer2dSpec,
} from '../nn/internal';
import { type CompleteUNetConfig, completeUNetConfig, type UNetConfig } from './config';

export type DownBlockParams = {
  resnets: ResnetParams[];
  /** One per residual block, in blocks with cross-attention. */
  attentions?: Transformer2DParams[];
  /** In all levels but the lowest. */
  downsamplers?: [ResampleParams];
};

export type MidBlockParams = { resnets: [ResnetParams, ResnetParams]; attentions: [Transformer2DParams] };

export type UpBlockParams = {
  resnets: ResnetParams[];
  attentions?: Transformer2DParams[];
  upsamplers?: [ResampleParams];
};

export type UNetParams = {
  conv_in: ConvParams;
  time_embedding: TimestepMlpParams;
  class_embedding?: EmbeddingParams;
  down_blocks: DownBlockParams[];
  mid_block: MidBlockParams;
  up_blocks: UpBlockParams[];
  conv_norm_out: NormParams;
  conv_out: ConvParams;
};

/** The time embedding has this many times the channels of the first level. */
const TIME_FACTOR = 4;

/** The description of all parameters. */
function unetSpec(config: CompleteUNetConfig): Spec<UNetParams> {
  const channels = config.block_out_channels;
  const levels = channels.length;
  const [first, last] = [channels[0]!, channels[levels - 1]!];
  const time = TIME_FACTOR * first;

  const transformer = (level: number): Spec<Transformer2DParams> =>
    transformer2dSpec({
      channels: channels[level]!,
      heads: config.attention_head_dim[level]!,
      context: config.cross_attention_dim,
      layers: config.transformer_layers_per_block[level]!,
      linearProjection: config.use_linear_projection,
    });
  const transformers = (type: string, level: number, n: number): { attentions?: Spec<Transformer2DParams>[] } =>
    type.startsWith('CrossAttn') ? { attentions: Array.from({ length: n }, () => transformer(level)) } : {};

  // Skip connections from the encoder path to the decoder path, in order: the channels of conv_in, of every residual block and of every halving.
  const skips = [first];
  const down: Spec<DownBlockParams>[] = config.down_block_types.map((type, level) => {
    const n = config.layers_per_block[level]!;
    const outputs = channels[level]!;
    const inputs = channels[level - 1] ?? first;
    const halved = level < levels - 1;
    skips.push(...new Array<number>(halved ? n + 1 : n).fill(outputs));
    return {
      resnets: Array.from({ length: n }, (_, i) => resnetSpec(i === 0 ? inputs : outputs, outputs, time)),
      ...transformers(type, level, n),
      ...(halved ? { downsamplers: [resampleSpec(outputs)] } : {}),
    };
  });

  let below = last;
  const up: Spec<UpBlockParams>[] = config.up_block_types.map((type, i) => {
    const level = levels - 1 - i;
    const n = config.layers_per_block[level]! + 1;
    const outputs = channels[level]!;
    const resnets = Array.from({ length: n }, (_, j) => resnetSpec((j === 0 ? below : outputs) + skips.pop()!, outputs, time));
    below = outputs;
    return { resnets, ...transformers(type, level, n), ...(level > 0 ? { upsamplers: [resampleSpec(outputs)] } : {}) };
  });

  return {
    conv_in: convSpec(config.in_channels, first, 3),
    time_embedding: timestepMlpSpec(first, time),
    ...(config.num_class_embeds === null ? {} : { class_embedding: embeddingSpec(config.num_class_embeds, time) }),
    down_blocks: down,
    mid_block: { resnets: [resnetSpec(last, last, time), resnetSpec(last, last, time)], attentions: [transformer(levels - 1)] },
    up_blocks: up,
    conv_norm_out: normSpec(first),
    conv_out: convSpec(first, config.out_channels, 3),
  } as Spec<UNetParams>;
}

/** Random weights, as PyTorch's layers start. The caller disposes the tree. */
export function initUNet(config: UNetConfig, key: Key): UNetParams {
  return initialise<UNetParams>(unetSpec(completeUNetConfig(config)), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function unetShapes(config: UNetConfig): Record<string, number[]> {
  return specShapes(unetSpec(completeUNetConfig(config)));
}

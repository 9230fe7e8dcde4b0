/** The config of UNet2DConditionModel, as in its JSON, with diffusers' defaults. */

import {
  completeConfig,
  expectGroups,
  expectLevels,
  expectNumbers,
  expectPositiveIntegers,
  type KnownValues,
  MOST_LAYERS,
  perBlock,
} from '../nn';

export type DownBlockType = 'CrossAttnDownBlock2D' | 'DownBlock2D';
export type UpBlockType = 'CrossAttnUpBlock2D' | 'UpBlock2D';

/** The keys that shape Stable Diffusion's U-Nets. A config JSON also holds keys that are switched off; they are checked, not listed. */
export interface UNetConfig {
  /** Side of the latents that the model was made for; for information. */
  sample_size?: number | null;
  /** Channels of the noisy latents and all that is concatenated to them: 4, in InstructPix2Pix 8. Default 4. */
  in_channels?: number;
  /** Channels of the prediction. Default 4. */
  out_channels?: number;
  /** Cosines before sines in the time embedding. Default true. */
  flip_sin_to_cos?: boolean;
  /** Default 0. */
  freq_shift?: number;
  /** Default three with cross-attention, then one without. */
  down_block_types?: readonly DownBlockType[];
  /** Default one without cross-attention, then three with. */
  up_block_types?: readonly UpBlockType[];
  /** Channels of each level; all multiples of `norm_num_groups`. Default [320, 640, 1280, 1280]. */
  block_out_channels?: readonly number[];
  /** Residual blocks of each level (one more in the decoder path), one number or one per level. Default 2. */
  layers_per_block?: number | readonly number[];
  /** Transformer blocks in each spatial transformer, one number or one per level. Default 1. */
  transformer_layers_per_block?: number | readonly number[];
  /** Channels of the text context. Default 1280. */
  cross_attention_dim?: number;
  /** The NUMBER of heads, by an old misnomer of diffusers: one number or one per level. Default 8. */
  attention_head_dim?: number | readonly number[];
  /** Default 32. */
  norm_num_groups?: number;
  /** Default 1e-5. */
  norm_eps?: number;
  /** Stable Diffusion 2.x: linear layers around the transformers in place of 1×1 convolutions. Default false. */
  use_linear_projection?: boolean;
  /** Rows of a table of class embeddings that are added to the time; null for none. */
  num_class_embeds?: number | null;
}

/** A config with every key, lists with one value per level. */
export interface CompleteUNetConfig {
  readonly in_channels: number;
  readonly out_channels: number;
  readonly flip_sin_to_cos: boolean;
  readonly freq_shift: number;
  readonly down_block_types: readonly DownBlockType[];
  readonly up_block_types: readonly UpBlockType[];
  readonly block_out_channels: readonly number[];
  readonly layers_per_block: readonly number[];
  readonly transformer_layers_per_block: readonly number[];
  readonly cross_attention_dim: number;
  readonly attention_head_dim: readonly number[];
  readonly norm_num_groups: number;
  readonly norm_eps: number;
  readonly use_linear_projection: boolean;
  readonly num_class_embeds: number | null;
}

const DEFAULTS: Required<UNetConfig> = {
  sample_size: null,
  in_channels: 4,
  out_channels: 4,
  flip_sin_to_cos: true,
  freq_shift: 0,
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  block_out_channels: [320, 640, 1280, 1280],
  layers_per_block: 2,
  transformer_layers_per_block: 1,
  cross_attention_dim: 1280,
  attention_head_dim: 8,
  norm_num_groups: 32,
  norm_eps: 1e-5,
  use_linear_projection: false,
  num_class_embeds: null,
};

const OFF = [null, false] as const;

/** What the Stable Diffusion family uses. `upcast_attention` asks for float32, which everything here is. */
const KNOWN: KnownValues = {
  ...Object.fromEntries(Object.keys(DEFAULTS).map((key) => [key, undefined])),
  flip_sin_to_cos: [true, false],
  use_linear_projection: [true, false],
  mid_block_type: ['UNetMidBlock2DCrossAttn'],
  act_fn: ['silu', 'swish'],
  downsample_padding: [1],
  mid_block_scale_factor: [1],
  resnet_out_scale_factor: [1],
  resnet_time_scale_shift: ['default'],
  time_embedding_type: ['positional'],
  attention_type: ['default'],
  conv_in_kernel: [3],
  conv_out_kernel: [3],
  dropout: [0],
  upcast_attention: undefined,
  addition_embed_type_num_heads: undefined,
  ...Object.fromEntries(
    [
      'center_input_sample',
      'only_cross_attention',
      'mid_block_only_cross_attention',
      'dual_cross_attention',
      'reverse_transformer_layers_per_block',
      'encoder_hid_dim',
      'encoder_hid_dim_type',
      'num_attention_heads',
      'class_embed_type',
      'class_embeddings_concat',
      'projection_class_embeddings_input_dim',
      'addition_embed_type',
      'addition_time_embed_dim',
      'resnet_skip_time_act',
      'time_embedding_dim',
      'time_embedding_act_fn',
      'timestep_post_act',
      'time_cond_proj_dim',
      'cross_attention_norm',
    ].map((key) => [key, OFF]),
  ),
};

/** Side of the latents that a config may name: images of 131072 pixels, beyond what can be made. */
const MOST_SAMPLE_SIZE = 16384;
/** Residual and transformer blocks together; Stable Diffusion XL has 87. */
const MOST_BLOCKS = 10_000;

function expectBlockTypes(key: string, types: readonly string[], allowed: readonly string[], levels: number): void {
  for (const type of types) {
    if (!allowed.includes(type)) {
      throw new RangeError(
        `unet: config key "${key}": expected ${allowed.join(' or ')}, got ${JSON.stringify(type)}, which is not supported`,
      );
    }
  }
  if (types.length !== levels)
    throw new RangeError(`unet: config key "${key}": expected ${levels} blocks, as block_out_channels has, got ${types.length}`);
}

/**
 * The config with defaults filled in and every value checked.
 *
 * @throws RangeError naming the key and its value where the network that it asks for is not the one computed here
 */
export function completeUNetConfig(config: UNetConfig): CompleteUNetConfig {
  const c = completeConfig<Required<UNetConfig>>('unet', config, KNOWN, DEFAULTS);
  const { block_out_channels, down_block_types, up_block_types } = c;
  expectLevels('unet', { block_out_channels, down_block_types, up_block_types });
  const levels = block_out_channels.length;
  const complete: CompleteUNetConfig = {
    ...c,
    layers_per_block: perBlock('unet: layers_per_block', c.layers_per_block, levels),
    transformer_layers_per_block: perBlock('unet: transformer_layers_per_block', c.transformer_layers_per_block, levels),
    attention_head_dim: perBlock('unet: attention_head_dim', c.attention_head_dim, levels),
  };
  expectBlockTypes('down_block_types', down_block_types, ['CrossAttnDownBlock2D', 'DownBlock2D'], levels);
  expectBlockTypes('up_block_types', up_block_types, ['CrossAttnUpBlock2D', 'UpBlock2D'], levels);
  const { in_channels, out_channels, cross_attention_dim, norm_num_groups, norm_eps, freq_shift, sample_size, num_class_embeds } = c;
  expectPositiveIntegers('unet', { in_channels, out_channels, cross_attention_dim, norm_num_groups });
  if (sample_size !== null) expectPositiveIntegers('unet', { sample_size }, MOST_SAMPLE_SIZE);
  if (num_class_embeds !== null) expectPositiveIntegers('unet', { num_class_embeds });
  expectNumbers('unet', { norm_eps }, 0);
  expectNumbers('unet', { freq_shift });
  for (const key of ['block_out_channels', 'layers_per_block', 'transformer_layers_per_block', 'attention_head_dim'] as const) {
    for (const [level, value] of complete[key].entries()) {
      const most = key.includes('layers') ? MOST_LAYERS : key === 'attention_head_dim' ? block_out_channels[level] : undefined;
      expectPositiveIntegers('unet', { [`${key}[${level}]`]: value }, most);
    }
  }
  const blocks = complete.layers_per_block.reduce(
    (sum, n, level) => sum + (2 * n + 1) * (1 + complete.transformer_layers_per_block[level]!),
    0,
  );
  if (blocks > MOST_BLOCKS)
    throw new RangeError(
      `unet: config keys "layers_per_block" and "transformer_layers_per_block" ask for ${blocks} blocks, expected at most ${MOST_BLOCKS}`,
    );
  if (Math.floor(block_out_channels[0]! / 2) === freq_shift)
    throw new RangeError(`unet: config key "freq_shift": expected another value than half of block_out_channels[0], got ${freq_shift}`);
  expectGroups('unet', norm_num_groups, block_out_channels);
  return complete;
}

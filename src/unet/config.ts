/** The config of UNet2DConditionModel, as in its JSON, with diffusers' defaults. */

import { completeSettings, type Defaults, is, optional, type PublishedKeys } from '../files/internal';
import { expectGroups, MOST_LAYERS, perBlock } from '../nn/internal';

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
  /**
   * Whether the cross-attention masks the context's padding. Of this library: diffusers ignores the key, and its pipelines show the U-Net all of it.
   * Default false.
   */
  mask_padding?: boolean;
}

type PerLevel = 'layers_per_block' | 'transformer_layers_per_block' | 'attention_head_dim';

/** A config with nothing left out, lists written for each level. */
export type CompleteUNetConfig = Readonly<Omit<Required<UNetConfig>, PerLevel> & Record<PerLevel, readonly number[]>>;

/** Side of the latents that a config may name: images of 131072 pixels, beyond what can be made. */
const MOST_SAMPLE_SIZE = 16384;
/** Each level halves the image. */
const MOST_LEVELS = 16;

const size = is.whole(1);
const layers = is.either(is.whole(1, MOST_LAYERS), is.list(is.whole(1, MOST_LAYERS)));
const downBlock = is.oneOf('CrossAttnDownBlock2D', 'DownBlock2D');
const upBlock = is.oneOf('CrossAttnUpBlock2D', 'UpBlock2D');
const orNull = (check: is.Check): is.Check => is.either(is.oneOf(null), check);

const SETTINGS: Defaults<Required<UNetConfig>> = {
  sample_size: optional(orNull(is.whole(1, MOST_SAMPLE_SIZE)), null),
  in_channels: optional(size, 4),
  out_channels: optional(size, 4),
  flip_sin_to_cos: optional(is.flag, true),
  freq_shift: optional(is.number(), 0),
  down_block_types: optional(is.list(downBlock, 1, MOST_LEVELS), [
    'CrossAttnDownBlock2D',
    'CrossAttnDownBlock2D',
    'CrossAttnDownBlock2D',
    'DownBlock2D',
  ]),
  up_block_types: optional(is.list(upBlock, 1, MOST_LEVELS), [
    'UpBlock2D',
    'CrossAttnUpBlock2D',
    'CrossAttnUpBlock2D',
    'CrossAttnUpBlock2D',
  ]),
  block_out_channels: optional(is.list(size, 1, MOST_LEVELS), [320, 640, 1280, 1280]),
  layers_per_block: optional(layers, 2),
  transformer_layers_per_block: optional(layers, 1),
  cross_attention_dim: optional(size, 1280),
  attention_head_dim: optional(is.either(size, is.list(size)), 8),
  norm_num_groups: optional(size, 32),
  norm_eps: optional(is.number(0), 1e-5),
  use_linear_projection: optional(is.flag, false),
  num_class_embeds: optional(orNull(size), null),
  mask_padding: optional(is.flag, false),
};

const off = is.oneOf(null, false);

/** What the Stable Diffusion family has in further keys. `upcast_attention` asks for float32, which everything here is. */
const PUBLISHED: PublishedKeys = {
  mid_block_type: is.oneOf('UNetMidBlock2DCrossAttn'),
  act_fn: is.oneOf('silu', 'swish'),
  downsample_padding: is.oneOf(1),
  mid_block_scale_factor: is.oneOf(1),
  resnet_out_scale_factor: is.oneOf(1),
  resnet_time_scale_shift: is.oneOf('default'),
  time_embedding_type: is.oneOf('positional'),
  attention_type: is.oneOf('default'),
  conv_in_kernel: is.oneOf(3),
  conv_out_kernel: is.oneOf(3),
  dropout: is.oneOf(0),
  upcast_attention: is.anything,
  addition_embed_type_num_heads: is.anything,
  center_input_sample: off,
  only_cross_attention: off,
  mid_block_only_cross_attention: off,
  dual_cross_attention: off,
  reverse_transformer_layers_per_block: off,
  encoder_hid_dim: off,
  encoder_hid_dim_type: off,
  num_attention_heads: off,
  class_embed_type: off,
  class_embeddings_concat: off,
  projection_class_embeddings_input_dim: off,
  addition_embed_type: off,
  addition_time_embed_dim: off,
  resnet_skip_time_act: off,
  time_embedding_dim: off,
  time_embedding_act_fn: off,
  timestep_post_act: off,
  time_cond_proj_dim: off,
  cross_attention_norm: off,
};

/** Residual and transformer blocks together; Stable Diffusion XL has 87. */
const MOST_BLOCKS = 10_000;

/**
 * The config with defaults filled in and every value checked.
 *
 * @throws RangeError naming the key and its value where the network that it asks for is not the one computed here
 */
export function completeUNetConfig(config: UNetConfig): CompleteUNetConfig {
  const c = completeSettings('unet', config, SETTINGS, PUBLISHED);
  const { block_out_channels, norm_num_groups, freq_shift } = c;
  const levels = block_out_channels.length;
  for (const key of ['down_block_types', 'up_block_types'] as const)
    if (c[key].length !== levels)
      throw new RangeError(`unet: ${key}: expected ${levels} blocks, as block_out_channels has, got ${c[key].length}`);
  const complete: CompleteUNetConfig = {
    ...c,
    layers_per_block: perBlock('unet: layers_per_block', c.layers_per_block, levels),
    transformer_layers_per_block: perBlock('unet: transformer_layers_per_block', c.transformer_layers_per_block, levels),
    attention_head_dim: perBlock('unet: attention_head_dim', c.attention_head_dim, levels),
  };
  for (const [level, heads] of complete.attention_head_dim.entries())
    if (heads > block_out_channels[level]!)
      throw new RangeError(`unet: attention_head_dim: expected at most ${block_out_channels[level]} heads in level ${level}, got ${heads}`);
  const blocks = complete.layers_per_block.reduce(
    (sum, n, level) => sum + (2 * n + 1) * (1 + complete.transformer_layers_per_block[level]!),
    0,
  );
  if (blocks > MOST_BLOCKS)
    throw new RangeError(
      `unet: layers_per_block and transformer_layers_per_block ask for ${blocks} blocks, expected at most ${MOST_BLOCKS}`,
    );
  if (Math.floor(block_out_channels[0]! / 2) === freq_shift)
    throw new RangeError(`unet: freq_shift: expected another value than half of block_out_channels[0], got ${freq_shift}`);
  expectGroups('unet', norm_num_groups, block_out_channels);
  return complete;
}

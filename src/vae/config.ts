/** The config of AutoencoderKL, as in its JSON, with diffusers' defaults. */

import { completeSettings, type Defaults, is, optional, type PublishedKeys } from '../files/internal';
import { expectGroups, MOST_LAYERS } from '../nn/internal';

const downBlockTypes = ['DownEncoderBlock2D', 'AttnDownEncoderBlock2D'] as const;
const upBlockTypes = ['UpDecoderBlock2D', 'AttnUpDecoderBlock2D'] as const;
export type DownBlockType = (typeof downBlockTypes)[number];
export type UpBlockType = (typeof upBlockTypes)[number];

/** Whether a level has attention. */
export const attends = (type: DownBlockType | UpBlockType): boolean => type.startsWith('Attn');

/** What shapes the encoder and the decoder, but for what lies between them: the same keys in VQModel's JSON. */
export interface TrunkConfig {
  /** Channels of the image. Default 3. */
  in_channels?: number;
  /** Channels of the reconstruction. Default 3. */
  out_channels?: number;
  /** One per level; those with `Attn` have self-attention over pixels after each residual block. */
  down_block_types?: readonly DownBlockType[];
  up_block_types?: readonly UpBlockType[];
  /** Channels of each level; n levels shrink the image by f = 2^(n-1). All multiples of `norm_num_groups`. Default [64]. */
  block_out_channels?: readonly number[];
  /** Residual blocks of each level (one more in the decoder). Default 1. */
  layers_per_block?: number;
  /** Default 32. */
  norm_num_groups?: number;
  /** Side of the images that the model was made for; for information. */
  sample_size?: number;
  /** Self-attention between the two residual blocks of the middle. Default true. */
  mid_block_add_attention?: boolean;
}

/** The keys that shape Stable Diffusion's autoencoders. A JSON also holds keys that are switched off; they are checked, not listed. */
export interface VaeConfig extends TrunkConfig {
  /** Channels of the latents. Default 4. */
  latent_channels?: number;
  /** The diffusion model's latents are these latents times this; pipelines apply it. Default 0.18215. */
  scaling_factor?: number;
  /** A 1×1 convolution after the encoder. Default true. */
  use_quant_conv?: boolean;
  /** A 1×1 convolution before the decoder. Default true. */
  use_post_quant_conv?: boolean;
}

export type CompleteTrunkConfig = Required<TrunkConfig>;
export type CompleteVaeConfig = Required<VaeConfig>;

/** Side of the images that a config may name, pixels: beyond what can be made. */
const MOST_SAMPLE_SIZE = 131_072;
/** Each level halves the image. */
const MOST_LEVELS = 16;

const size = is.whole(1);

export const TRUNK: Defaults<CompleteTrunkConfig> = {
  in_channels: optional(size, 3),
  out_channels: optional(size, 3),
  down_block_types: optional(is.list(is.oneOf(...downBlockTypes), 1, MOST_LEVELS), ['DownEncoderBlock2D']),
  up_block_types: optional(is.list(is.oneOf(...upBlockTypes), 1, MOST_LEVELS), ['UpDecoderBlock2D']),
  block_out_channels: optional(is.list(size, 1, MOST_LEVELS), [64]),
  layers_per_block: optional(is.whole(1, MOST_LAYERS), 1),
  norm_num_groups: optional(size, 32),
  sample_size: optional(is.whole(1, MOST_SAMPLE_SIZE), 32),
  mid_block_add_attention: optional(is.flag, true),
};

const SETTINGS: Defaults<CompleteVaeConfig> = {
  ...TRUNK,
  latent_channels: optional(size, 4),
  scaling_factor: optional(is.number(), 0.18215),
  use_quant_conv: optional(is.flag, true),
  use_post_quant_conv: optional(is.flag, true),
};

/** Further keys of published trunks. `force_upcast` asks for float32, which everything here is. */
export const PUBLISHED_TRUNK: PublishedKeys = { act_fn: is.oneOf('silu', 'swish'), force_upcast: is.anything };

/** What the Stable Diffusion family has beside them. */
const PUBLISHED: PublishedKeys = {
  ...PUBLISHED_TRUNK,
  shift_factor: is.oneOf(null),
  latents_mean: is.oneOf(null),
  latents_std: is.oneOf(null),
};

/** @throws RangeError where blocks and channels do not belong together */
export function expectLevels(where: string, { block_out_channels, norm_num_groups, ...blocks }: CompleteTrunkConfig): void {
  const levels = block_out_channels.length;
  for (const key of ['down_block_types', 'up_block_types'] as const)
    if (blocks[key].length !== levels)
      throw new RangeError(`${where}: ${key}: expected ${levels} blocks, as block_out_channels has, got ${blocks[key].length}`);
  expectGroups(where, norm_num_groups, block_out_channels);
}

/**
 * The config with defaults filled in and every value checked.
 *
 * @throws RangeError naming the key and its value where the network that it asks for is not the one computed here
 */
export function completeVaeConfig(config: VaeConfig): CompleteVaeConfig {
  const c = completeSettings('vae', config, SETTINGS, PUBLISHED);
  if (c.scaling_factor === 0) throw new RangeError('vae: scaling_factor: expected another number than 0, which latents are divided by');
  expectLevels('vae', c);
  return c;
}

/** How many pixels a latent is wide and high: f = 2^(levels - 1). */
export function vaeFactor(config: VaeConfig): number {
  return 2 ** (completeVaeConfig(config).block_out_channels.length - 1);
}

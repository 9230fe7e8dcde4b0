/** The config of AutoencoderKL, as in its JSON, with diffusers' defaults. */

import { completeConfig, expectGroups, expectLevels, expectNumbers, expectPositiveIntegers, type KnownValues, MOST_LAYERS } from '../nn';

/** The keys that shape Stable Diffusion's autoencoders. A JSON also holds keys that are switched off; they are checked, not listed. */
export interface VaeConfig {
  /** Channels of the image. Default 3. */
  in_channels?: number;
  /** Channels of the reconstruction. Default 3. */
  out_channels?: number;
  /** All "DownEncoderBlock2D", one per level. */
  down_block_types?: readonly 'DownEncoderBlock2D'[];
  /** All "UpDecoderBlock2D", one per level. */
  up_block_types?: readonly 'UpDecoderBlock2D'[];
  /** Channels of each level; n levels shrink the image by f = 2^(n-1). All multiples of `norm_num_groups`. Default [64]. */
  block_out_channels?: readonly number[];
  /** Residual blocks of each level (one more in the decoder). Default 1. */
  layers_per_block?: number;
  /** Channels of the latents. Default 4. */
  latent_channels?: number;
  /** Default 32. */
  norm_num_groups?: number;
  /** Side of the images that the model was made for; for information. */
  sample_size?: number;
  /** The diffusion model's latents are these latents times this; pipelines apply it. Default 0.18215. */
  scaling_factor?: number;
  /** A 1×1 convolution after the encoder. Default true. */
  use_quant_conv?: boolean;
  /** A 1×1 convolution before the decoder. Default true. */
  use_post_quant_conv?: boolean;
  /** Self-attention between the two residual blocks of the middle. Default true. */
  mid_block_add_attention?: boolean;
}

export type CompleteVaeConfig = Required<VaeConfig>;

const DEFAULTS: CompleteVaeConfig = {
  in_channels: 3,
  out_channels: 3,
  down_block_types: ['DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D'],
  block_out_channels: [64],
  layers_per_block: 1,
  latent_channels: 4,
  norm_num_groups: 32,
  sample_size: 32,
  scaling_factor: 0.18215,
  use_quant_conv: true,
  use_post_quant_conv: true,
  mid_block_add_attention: true,
};

const OFF = [null] as const;

/** What the Stable Diffusion family uses. `force_upcast` asks for float32, which everything here is. */
const KNOWN: KnownValues = {
  ...Object.fromEntries(Object.keys(DEFAULTS).map((key) => [key, undefined])),
  use_quant_conv: [true, false],
  use_post_quant_conv: [true, false],
  mid_block_add_attention: [true, false],
  act_fn: ['silu', 'swish'],
  force_upcast: undefined,
  shift_factor: OFF,
  latents_mean: OFF,
  latents_std: OFF,
};

/** Side of the images that a config may name, pixels: beyond what can be made. */
const MOST_SAMPLE_SIZE = 131_072;

/**
 * The config with defaults filled in and every value checked.
 *
 * @throws RangeError naming the key and its value where the network that it asks for is not the one computed here
 */
export function completeVaeConfig(config: VaeConfig): CompleteVaeConfig {
  const c = completeConfig<CompleteVaeConfig>('vae', config, KNOWN, DEFAULTS);
  const { block_out_channels, down_block_types, up_block_types } = c;
  expectLevels('vae', { block_out_channels, down_block_types, up_block_types });
  const levels = block_out_channels.length;
  for (const [key, allowed] of [
    ['down_block_types', 'DownEncoderBlock2D'],
    ['up_block_types', 'UpDecoderBlock2D'],
  ] as const) {
    const other = (c[key] as readonly string[]).find((type) => type !== allowed);
    if (other !== undefined)
      throw new RangeError(`vae: config key "${key}": expected ${allowed}, got ${JSON.stringify(other)}, which is not supported`);
    if (c[key].length !== levels) {
      throw new RangeError(`vae: config key "${key}": expected ${levels} blocks, as block_out_channels has, got ${c[key].length}`);
    }
  }
  const { in_channels, out_channels, layers_per_block, latent_channels, norm_num_groups, sample_size, scaling_factor } = c;
  expectPositiveIntegers('vae', { in_channels, out_channels, latent_channels, norm_num_groups });
  expectPositiveIntegers('vae', { layers_per_block }, MOST_LAYERS);
  expectPositiveIntegers('vae', { sample_size }, MOST_SAMPLE_SIZE);
  expectNumbers('vae', { scaling_factor });
  if (scaling_factor === 0)
    throw new RangeError('vae: config key "scaling_factor": expected another number than 0, which latents are divided by');
  for (const [level, channels] of block_out_channels.entries())
    expectPositiveIntegers('vae', { [`block_out_channels[${level}]`]: channels });
  expectGroups('vae', norm_num_groups, block_out_channels);
  return c;
}

/** How many pixels a latent is wide and high: f = 2^(levels - 1). */
export function vaeFactor(config: VaeConfig): number {
  return 2 ** (completeVaeConfig(config).block_out_channels.length - 1);
}

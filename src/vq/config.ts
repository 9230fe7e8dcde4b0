/** The config of VQModel, as in its JSON, with diffusers' defaults. */

import { completeSettings, type Defaults, is, optional, type PublishedKeys } from '../files/internal';
import type { TrunkConfig } from '../vae';
import { type CompleteTrunkConfig, expectLevels, PUBLISHED_TRUNK, TRUNK } from '../vae/internal';

/** The keys that shape it. A JSON also holds keys that are switched off; they are checked, not listed. */
export interface VqConfig extends TrunkConfig {
  /** Channels of the encoder's outputs. Default 3. */
  latent_channels?: number;
  /** Codes in the codebook. Default 256. */
  num_vq_embeddings?: number;
  /** Channels of a code; by default `latent_channels`. */
  vq_embed_dim?: number | null;
}

type Settings = CompleteTrunkConfig & { latent_channels: number; num_vq_embeddings: number; vq_embed_dim: number | null };

export type CompleteVqConfig = Settings & { readonly vq_embed_dim: number };

const size = is.whole(1);

const SETTINGS: Defaults<Settings> = {
  ...TRUNK,
  latent_channels: optional(size, 3),
  num_vq_embeddings: optional(size, 256),
  vq_embed_dim: optional(is.either(size, is.oneOf(null)), null),
};

/** Further keys of published ones; `scaling_factor` is a pipeline's. */
const PUBLISHED: PublishedKeys = {
  ...PUBLISHED_TRUNK,
  norm_type: is.oneOf('group'),
  lookup_from_codebook: is.oneOf(false),
  scaling_factor: is.anything,
};

/**
 * The config with defaults filled in and every value checked.
 *
 * @throws RangeError naming the key and its value where the network that it asks for is not the one computed here
 */
export function completeVqConfig(config: VqConfig): CompleteVqConfig {
  const c = completeSettings<Settings>('vq', config, SETTINGS, PUBLISHED);
  expectLevels('vq', c);
  return { ...c, vq_embed_dim: c.vq_embed_dim ?? c.latent_channels };
}

/** How many pixels a code is wide and high. */
export function vqFactor(config: VqConfig): number {
  return 2 ** (completeVqConfig(config).block_out_channels.length - 1);
}

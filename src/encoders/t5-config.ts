/** The config of T5's encoder, as in its JSON, with transformers' defaults. */

import { completeSettings, type Defaults, is, optional, type PublishedKeys } from '../files/internal';
import { MOST_LAYERS } from '../nn/internal';
import { NOTES } from './config-notes';

/** Activation of the feed-forward layers, gated where the name says so; "gated-gelu" has GELU's tanh form, as transformers reads it. */
export type T5FeedForward = 'relu' | 'gelu' | 'gelu_new' | 'silu' | 'gated-relu' | 'gated-gelu' | 'gated-gelu_new' | 'gated-silu';

/** T5Config; a whole T5's config describes its decoder too, which is passed over. Dropout is never applied, in training either. */
export interface T5Config {
  model_type: 't5' | 'mt5';
  /** Default 32128; of mT5 250112. */
  vocab_size?: number;
  /** Channels. Default 512. */
  d_model?: number;
  /** Channels of one head; heads times it need not be `d_model`. Default 64. */
  d_kv?: number;
  /** Channels inside the feed-forward layers. Default 2048; of mT5 1024. */
  d_ff?: number;
  /** Default 6; of mT5 8. */
  num_layers?: number;
  /** Default 8; of mT5 6. */
  num_heads?: number;
  /** Default 32. */
  relative_attention_num_buckets?: number;
  /** All greater distances share a bucket. Default 128. */
  relative_attention_max_distance?: number;
  /** Default 1e-6. */
  layer_norm_epsilon?: number;
  /** All standard deviations at the start are multiplied by it. Default 1. */
  initializer_factor?: number;
  /** Default "relu"; of mT5 "gated-gelu". */
  feed_forward_proj?: T5FeedForward;
  /** Tokens of the texts that it was trained on; for information, since positions are relative. Default 512. */
  n_positions?: number;
  architectures?: readonly string[];
  /** Where true, diffusers' pipelines hand the mask of the prompt to this encoder. */
  use_attention_mask?: boolean;
}

export type CompleteT5Config = Required<Omit<T5Config, 'architectures' | 'use_attention_mask'>>;

const size = is.whole(1);
const FEED_FORWARD = ['relu', 'gelu', 'gelu_new', 'silu', 'gated-relu', 'gated-gelu', 'gated-gelu_new', 'gated-silu'];

const SETTINGS: Defaults<CompleteT5Config> = {
  model_type: optional(is.oneOf('t5', 'mt5'), 't5'),
  vocab_size: optional(size, 32128),
  d_model: optional(size, 512),
  d_kv: optional(size, 64),
  d_ff: optional(size, 2048),
  num_layers: optional(is.whole(1, MOST_LAYERS), 6),
  num_heads: optional(size, 8),
  relative_attention_num_buckets: optional(size, 32),
  relative_attention_max_distance: optional(size, 128),
  layer_norm_epsilon: optional(is.number(0), 1e-6),
  initializer_factor: optional(is.number(0), 1),
  feed_forward_proj: optional(is.oneOf(...FEED_FORWARD), 'relu'),
  n_positions: optional(size, 512),
};

const MT5: Defaults<CompleteT5Config> = {
  ...SETTINGS,
  vocab_size: optional(size, 250112),
  d_ff: optional(size, 1024),
  num_layers: optional(is.whole(1, MOST_LAYERS), 8),
  num_heads: optional(size, 6),
  feed_forward_proj: optional(is.oneOf(...FEED_FORWARD), 'gated-gelu'),
};

const PUBLISHED: PublishedKeys = {
  ...NOTES,
  is_decoder: is.oneOf(false),
  use_attention_mask: is.flag,
  pad_token_id: is.anything, // its embedding trains like any other
  is_encoder_decoder: is.anything,
  num_decoder_layers: is.anything,
  scale_decoder_outputs: is.anything,
  dense_act_fn: is.anything, // both follow from feed_forward_proj
  is_gated_act: is.anything,
  lm_head_dim: is.anything,
};

/**
 * The config with defaults filled in and every value checked. Keys that say nothing about the encoder are passed over.
 *
 * @throws RangeError naming the key and its value where the network that it asks for is not the one computed here
 */
export function completeT5Config(config: T5Config): CompleteT5Config {
  const c = completeSettings('t5', config, config.model_type === 'mt5' ? MT5 : SETTINGS, PUBLISHED);
  const { relative_attention_num_buckets, relative_attention_max_distance } = c;
  if (relative_attention_num_buckets % 2 !== 0 || relative_attention_num_buckets < 4)
    throw new RangeError(
      `t5: relative_attention_num_buckets: expected an even number from 4, half for each direction, got ${relative_attention_num_buckets}`,
    );
  if (relative_attention_max_distance <= relative_attention_num_buckets / 4)
    throw new RangeError(
      `t5: relative_attention_max_distance: expected more than the ${relative_attention_num_buckets / 4} distances with a bucket of their own, got ${relative_attention_max_distance}`,
    );
  return c;
}

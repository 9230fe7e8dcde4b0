/** The config of T5's encoder, as in its JSON, with transformers' defaults. */

import { completeConfig, expectNumbers, expectPositiveIntegers, type KnownValues, MOST_LAYERS } from '../nn';
import { isNote } from './config-notes';

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

const DEFAULTS: CompleteT5Config = {
  model_type: 't5',
  vocab_size: 32128,
  d_model: 512,
  d_kv: 64,
  d_ff: 2048,
  num_layers: 6,
  num_heads: 8,
  relative_attention_num_buckets: 32,
  relative_attention_max_distance: 128,
  layer_norm_epsilon: 1e-6,
  initializer_factor: 1,
  feed_forward_proj: 'relu',
  n_positions: 512,
};

const MT5 = { vocab_size: 250112, d_ff: 1024, num_layers: 8, num_heads: 6, feed_forward_proj: 'gated-gelu' } as const;

const KNOWN: KnownValues = {
  ...Object.fromEntries(Object.keys(DEFAULTS).map((key) => [key, undefined])),
  model_type: ['t5', 'mt5'],
  feed_forward_proj: ['relu', 'gelu', 'gelu_new', 'silu', 'gated-relu', 'gated-gelu', 'gated-gelu_new', 'gated-silu'],
  is_decoder: [false],
  use_attention_mask: [true, false],
  ...Object.fromEntries(
    [
      'pad_token_id', // its embedding trains like any other
      'is_encoder_decoder',
      'num_decoder_layers',
      'scale_decoder_outputs',
      'dense_act_fn', // both follow from feed_forward_proj
      'is_gated_act',
      'lm_head_dim',
    ].map((key) => [key, undefined]),
  ),
};

/**
 * The config with defaults filled in and every value checked. Keys that say nothing about the encoder are passed over.
 *
 * @throws RangeError naming the key and its value where the network that it asks for is not the one computed here
 */
export function completeT5Config(config: T5Config): CompleteT5Config {
  const networkKeys = Object.fromEntries(Object.entries(config).filter(([key]) => !isNote(key)));
  const c = completeConfig<CompleteT5Config>('t5', networkKeys, KNOWN, { ...DEFAULTS, ...(config.model_type === 'mt5' ? MT5 : {}) });
  const { vocab_size, d_model, d_kv, d_ff, num_layers, num_heads, relative_attention_num_buckets, relative_attention_max_distance } = c;
  expectPositiveIntegers('t5', { vocab_size, d_model, d_kv, d_ff, num_heads });
  expectPositiveIntegers('t5', { num_layers }, MOST_LAYERS);
  expectNumbers('t5', { layer_norm_epsilon: c.layer_norm_epsilon, initializer_factor: c.initializer_factor }, 0);
  expectPositiveIntegers('t5', { relative_attention_num_buckets, relative_attention_max_distance, n_positions: c.n_positions });
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

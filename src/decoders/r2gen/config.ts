/** What an R2Gen is like. */

import { completeSettings, type Defaults, is, optional } from '../../files/internal';
import { MOST_LAYERS } from '../../nn/internal';

/** By the names of its arguments; the paper's values are the defaults. */
export interface R2GenConfig {
  model_type: 'r2gen';
  /** Default 9842, as SEI's. */
  vocab_size?: number;
  /** Channels of the places that are read. Default 2048. */
  d_vf?: number;
  /** Default 512. */
  d_model?: number;
  /** Default 512. */
  d_ff?: number;
  /** Of the encoder, and of the decoder. Default 3. */
  num_layers?: number;
  /** Default 8. */
  num_heads?: number;
  /** Default 3. */
  rm_num_slots?: number;
  /** Default 8. */
  rm_num_heads?: number;
  /** The most tokens of a text, the mark of its beginning with them. Default 100. */
  max_seq_length?: number;
}

export type CompleteR2GenConfig = Required<R2GenConfig>;

const size = is.whole(1);

const SETTINGS: Defaults<CompleteR2GenConfig> = {
  model_type: optional(is.oneOf('r2gen'), 'r2gen'),
  vocab_size: optional(size, 9842),
  d_vf: optional(size, 2048),
  d_model: optional(is.whole(2), 512),
  d_ff: optional(size, 512),
  num_layers: optional(is.whole(1, MOST_LAYERS), 3),
  num_heads: optional(size, 8),
  rm_num_slots: optional(size, 3),
  rm_num_heads: optional(size, 8),
  max_seq_length: optional(is.whole(2), 100),
};

/** @throws RangeError naming the key where the config can't be worked with */
export function completeR2GenConfig(config: R2GenConfig): CompleteR2GenConfig {
  const c = completeSettings('r2gen', config, SETTINGS);
  for (const key of ['num_heads', 'rm_num_heads'] as const)
    if (c.d_model % c[key] !== 0) throw new RangeError(`r2gen: d_model is ${c.d_model}, not a multiple of ${key}, ${c[key]}`);
  return c;
}

/** The configs of BERT and of the RoBERTa family, as in their JSON, with transformers' defaults. */

import { completeSettings, type Defaults, is, optional, type PublishedKeys } from '../files/internal';
import { MOST_LAYERS } from '../nn/internal';
import { NOTES } from './config-notes';

export type BertActivation = 'gelu' | 'gelu_new' | 'gelu_pytorch_tanh' | 'relu' | 'silu';

/** Which of the two embeds positions how: BERT counts from 0, the RoBERTa family from behind the padding token's id. */
export type BertModelType = 'bert' | 'roberta' | 'xlm-roberta';

/** BertConfig, RobertaConfig, XLMRobertaConfig. Dropout is never applied, in training either. */
export interface BertConfig {
  model_type: BertModelType;
  /** Default 30522; of RoBERTa 50265. */
  vocab_size?: number;
  /** Channels. Default 768. */
  hidden_size?: number;
  /** Default 12. */
  num_hidden_layers?: number;
  /** Default 12. */
  num_attention_heads?: number;
  /** Channels inside the feed-forward layers. Default 3072. */
  intermediate_size?: number;
  /** Default "gelu", the exact one. */
  hidden_act?: BertActivation;
  /** Rows of the table of positions; the RoBERTa family can't use the first `pad_token_id` + 1 of them. Default 512. */
  max_position_embeddings?: number;
  /** Default 2. */
  type_vocab_size?: number;
  /** Default 1e-12. */
  layer_norm_eps?: number;
  /** Standard deviation of the weights at the start. Default 0.02. */
  initializer_range?: number;
  /** Its embedding gets no gradient. Default 0; of the RoBERTa family 1. null: there is none, of BERT only. */
  pad_token_id?: number | null;
  architectures?: readonly string[];
  /** Where true, diffusers' pipelines hand the mask of the prompt to this encoder. */
  use_attention_mask?: boolean;
}

export type CompleteBertConfig = Required<Omit<BertConfig, 'architectures' | 'use_attention_mask'>>;

const size = is.whole(1);

const SETTINGS: Defaults<CompleteBertConfig> = {
  model_type: optional(is.oneOf('bert', 'roberta', 'xlm-roberta'), 'bert'),
  vocab_size: optional(size, 30522),
  hidden_size: optional(size, 768),
  num_hidden_layers: optional(is.whole(1, MOST_LAYERS), 12),
  num_attention_heads: optional(size, 12),
  intermediate_size: optional(size, 3072),
  hidden_act: optional(is.oneOf('gelu', 'gelu_new', 'gelu_pytorch_tanh', 'relu', 'silu'), 'gelu'),
  max_position_embeddings: optional(size, 512),
  type_vocab_size: optional(size, 2),
  layer_norm_eps: optional(is.number(0), 1e-12),
  initializer_range: optional(is.number(0), 0.02),
  pad_token_id: optional(is.either(is.whole(0), is.oneOf(null)), 0),
};

/** What the classes have as other defaults. */
const FAMILY: Readonly<Partial<Record<BertModelType, Partial<Defaults<CompleteBertConfig>>>>> = {
  roberta: { vocab_size: optional(size, 50265), pad_token_id: optional(is.whole(0), 1) },
  'xlm-roberta': { pad_token_id: optional(is.whole(0), 1) },
};

const PUBLISHED: PublishedKeys = {
  ...NOTES,
  position_embedding_type: is.oneOf('absolute'),
  is_decoder: is.oneOf(false),
  add_cross_attention: is.oneOf(false),
  use_attention_mask: is.flag,
};

const isRoberta = (type: BertModelType): boolean => type !== 'bert';

/**
 * The config with defaults filled in and every value checked. Keys that say nothing about the network (dropout, generation, labels) are passed
 * over.
 *
 * @throws RangeError naming the key and its value where the network that it asks for is not the one computed here
 */
export function completeBertConfig(config: BertConfig): CompleteBertConfig {
  const c = completeSettings('bert', config, { ...SETTINGS, ...FAMILY[config.model_type] }, PUBLISHED);
  const { vocab_size, hidden_size, num_attention_heads, max_position_embeddings } = c;
  if (hidden_size % num_attention_heads !== 0)
    throw new RangeError(`bert: hidden_size is ${hidden_size}, not a multiple of num_attention_heads, ${num_attention_heads}`);
  const pad = c.pad_token_id;
  if (!(pad === null && !isRoberta(c.model_type)) && !(Number.isInteger(pad) && pad! >= 0 && pad! < vocab_size))
    throw new RangeError(`bert: pad_token_id: expected an id below vocab_size, ${vocab_size}, got ${JSON.stringify(pad)}`);
  if (bertWindow(c) < 1)
    throw new RangeError(`bert: max_position_embeddings is ${max_position_embeddings}, which leaves no position for a token`);
  return c;
}

/** Tokens that fit: the RoBERTa family's positions begin behind the padding token's id. */
export function bertWindow({ model_type, max_position_embeddings, pad_token_id }: CompleteBertConfig): number {
  return isRoberta(model_type) ? max_position_embeddings - pad_token_id! - 1 : max_position_embeddings;
}

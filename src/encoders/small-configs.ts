/** Encoders of the size of the quickstart's own, for a U-Net with a context 64 wide: two layers, small enough to train in a minute. */

import type { Tokenizer } from '../tokenizers';
import type { BertConfig } from './bert-config';
import type { T5Config } from './t5-config';

/** A BERT of two layers, 64 wide, for texts of up to 48 tokens of this tokenizer. */
export function smallBertConfig(tokenizer: Tokenizer): BertConfig {
  return {
    model_type: 'bert',
    hidden_size: 64,
    intermediate_size: 256,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    max_position_embeddings: 48,
    vocab_size: tokenizer.vocabularySize,
    pad_token_id: tokenizer.padId,
  };
}

/** The encoder of a T5 of two layers, 64 wide, with relative positions and gated feed-forward layers, for this tokenizer's vocabulary. */
export function smallT5Config(tokenizer: Tokenizer): T5Config {
  return {
    model_type: 't5',
    d_model: 64,
    d_kv: 16,
    d_ff: 256,
    num_layers: 2,
    num_heads: 4,
    feed_forward_proj: 'gated-gelu',
    vocab_size: tokenizer.vocabularySize,
  };
}
